import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 of the DER of every vendor's root that evidence is believed by, and the file in `data/attestation-roots`. */
const PINNED = {
  'amd-ark-milan': '69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd',
  'amd-ark-genoa': '4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1',
  'amd-ark-turin': '1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a',
  'intel-sgx': '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
  'aws-nitro': '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b',
  'nvidia-device-identity': '102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48',
  'nvidia-corim': '12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1',
} as const;

export type RootName = keyof typeof PINNED;

export const ROOT_NAMES = Object.keys(PINNED) as readonly RootName[];

/** The roots of one verification. */
export type RootStore = Readonly<Partial<Record<RootName, X509Certificate>>>;

/** Lower-case hex SHA-256 of the DER. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Whether a root is another than the one pinned under that name. The result says so, and operations never pass such a store. */
export function isTestRoot(name: RootName, root: X509Certificate): boolean {
  return fingerprintOf(root) !== PINNED[name];
}

/**
 * The pinned roots out of a folder with `<name>.pem` files (`data/attestation-roots` of the package). Error when a file is missing or
 * is not the pinned certificate. Other roots enter only as the argument `roots` of the library, from tests and the conformance runner.
 */
export function readPinnedRoots(directory: string): Readonly<Record<RootName, X509Certificate>> {
  const read = (name: RootName): X509Certificate => {
    const root = new X509Certificate(readFileSync(join(directory, `${name}.pem`)));
    if (isTestRoot(name, root)) throw new Error(`${name}.pem is not the certificate that is pinned by its SHA-256`);
    return root;
  };
  return Object.fromEntries(ROOT_NAMES.map((name) => [name, read(name)])) as Record<RootName, X509Certificate>;
}
