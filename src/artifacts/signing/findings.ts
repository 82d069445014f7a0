/**
 * What a signature can be right and still worth a stop for (docs/formats/model-signature.md). Each has an outcome of its own that a
 * caller can change: `allow` makes it a note, `demand` makes a note a finding that blocks.
 */
export const SIGNING_FINDINGS = {
  'pre-1.0': { outcome: 'fail', title: 'signed in the form of a release before 1.0, which is weaker' },
  'resource-name': { outcome: 'fail', title: 'a resource has a name that could lead out of the model' },
  'ignored-content': { outcome: 'policy', title: 'the signature leaves out code or weights, or everything' },
  'duplicate-resource': { outcome: 'policy', title: 'a resource is listed more than once' },
  'signed-links': { outcome: 'policy', title: 'the signer allowed symbolic links' },
  'link-outside': { outcome: 'policy', title: 'a symbolic link leaves the model: the signed bytes are not in it' },
  'directory-link': { outcome: 'policy', title: 'a symbolic link to a folder: what is behind it is not signed' },
  'followed-link': { outcome: 'note', title: 'a symbolic link was followed' },
  'key-hint-missing': { outcome: 'policy', title: 'the bundle does not say which key it was signed with' },
  'key-hint-legacy': { outcome: 'note', title: 'the bundle carries the key itself instead of its hint, as before release 1.1' },
  'key-role': { outcome: 'policy', title: 'the key that signed this also has another role' },
  'certificate-expired': { outcome: 'policy', title: 'a certificate is past its end: nothing shows when the signature was made' },
  'certificate-unpinned': { outcome: 'note', title: 'any certificate of this root would have been accepted' },
  'hash-type': { outcome: 'policy', title: 'digests other than SHA-256, which not every verifier reads' },
  'default-ignores': { outcome: 'note', title: 'files that are there are left out by default' },
  'unsigned-files': { outcome: 'note', title: 'files that are not listed were passed over, as the caller asked' },
} as const satisfies Readonly<Record<string, { readonly outcome: 'fail' | 'policy' | 'note'; readonly title: string }>>;

export type SigningFinding = keyof typeof SIGNING_FINDINGS;
