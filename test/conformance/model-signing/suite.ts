import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIGNING_FINDINGS } from '../../../src/artifacts/signing/findings.ts';
import type { SigningFinding } from '../../../src/artifacts/signing/findings.ts';
import { trustCertificates, trustKey } from '../../../src/artifacts/signing/trust.ts';
import type { ModelTrust } from '../../../src/artifacts/signing/trust.ts';
import { verifyModel } from '../../../src/artifacts/signing/verify-model.ts';
import type { ModelVerification } from '../../../src/artifacts/signing/verify-model.ts';
import type { ConformanceCase, Suite } from '../suite.ts';
import { goldenCases } from './golden-cases.ts';
import { keylessCases } from './keyless-cases.ts';
import { readLabels } from './labels.ts';
import type { Label } from './labels.ts';
import { copyWithSetup } from './set-up.ts';

interface Options {
  readonly allow: readonly SigningFinding[];
  readonly links: 'follow' | undefined;
  readonly ignoreUnsigned: boolean;
  readonly trustedRoot: string | undefined;
}

const LINKS: readonly string[] = ['allow-symlinks', 'allow_symlinks', 'allow-links', 'links=follow'];
const UNSIGNED: readonly string[] = ['ignore-unsigned', 'ignore-unsigned-files'];

function isFinding(name: string): name is SigningFinding {
  return Object.hasOwn(SIGNING_FINDINGS, name);
}

function optionsOf({ options }: Label): Options {
  const words = options.map((word) => word.replace(/^--/, ''));
  const isSet = (...names: readonly string[]): boolean => words.some((word) => names.includes(word));
  const others = words.filter((word) => !word.startsWith('trusted-root=') && ![...LINKS, ...UNSIGNED].includes(word));
  const allow = others.map((word) => {
    const name = word.replace(/^allow[-=]/, '');
    if (!isFinding(name)) throw new Error(`labels.tsv has the option ${word}, which this suite does not know`);
    return name;
  });
  return {
    allow,
    links: isSet(...LINKS) ? 'follow' : undefined,
    ignoreUnsigned: isSet(...UNSIGNED),
    trustedRoot: words.find((word) => word.startsWith('trusted-root='))?.slice('trusted-root='.length),
  };
}

function trustOf(directory: string, { method, trust }: Label, { trustedRoot = '' }: Options): ModelTrust {
  if (method === 'key') return trustKey(readFileSync(join(directory, trust), 'utf8'));
  if (method === 'certificate') return trustCertificates(readFileSync(join(directory, trust), 'utf8'));
  const [, identity = '', issuer = ''] = /^identity=(\S+) issuer=(\S+)$/.exec(trust) ?? [];
  return { method: 'sigstore', identity, issuer, trustedRoot: JSON.parse(readFileSync(join(directory, trustedRoot), 'utf8')) as unknown };
}

async function verifyLabel(directory: string, label: Label, scratch: string): Promise<ModelVerification> {
  const options = optionsOf(label);
  const { model, signature } = copyWithSetup(join(directory, label.model), join(directory, label.signature), label.setup, scratch);
  return verifyModel({
    ...options,
    model,
    bundle: readFileSync(signature),
    signaturePath: signature,
    trust: trustOf(directory, label, options),
    ignore: label.ignore === '' ? [] : [label.ignore],
  });
}

/** The verdict alone where it is right, else with what brought it about. */
function answerOf({ verdict, checks }: ModelVerification, expected: string): string {
  if (verdict === expected) return verdict;
  const reasons = checks.filter(({ outcome }) => outcome === 'fail' || outcome === 'policy').map(({ name, found }) => `${name}: ${found ?? ''}`);
  return `${verdict} (${reasons.join('; ')})`;
}

function labelledCase(directory: string, label: Label): ConformanceCase {
  return {
    name: label.name,
    group: `${label.method} ${label.expected}`,
    expected: label.expected,
    given: async () => {
      const scratch = mkdtempSync(join(tmpdir(), 'elulmc-signing-'));
      try {
        return answerOf(await verifyLabel(directory, label, scratch), label.expected);
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
  };
}

function changedCases(directory: string, label: Label): ConformanceCase[] {
  const trust = label.method === 'sigstore' && label.expected === 'pass' ? trustOf(directory, label, optionsOf(label)) : undefined;
  return trust?.method === 'sigstore' ? keylessCases(directory, label, trust) : [];
}

/** Every labelled signature, with its options and what is to be made first; keyless ones also with something wrong; golden payloads. */
export const modelSigningSuite: Suite = {
  summary: 'model signatures: keys, certificates, keyless, each as labelled; golden payloads',
  defaultData: '../shared/data/model-signing',
  cases: (directory) => {
    const labels = readLabels(directory);
    return [...labels.map((label) => labelledCase(directory, label)), ...labels.flatMap((label) => changedCases(directory, label)), ...goldenCases(directory)];
  },
};
