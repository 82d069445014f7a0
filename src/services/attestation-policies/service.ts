/** A version of an attestation policy that people have approved. */
export interface ApprovedPolicy {
  readonly name: string;
  /** Rises by one with every change. */
  readonly version: number;
  /** The file as it was approved (docs/formats/attestation.md, section 3). */
  readonly text: string;
  /** Hexadecimal, of the text. */
  readonly sha256: string;
  readonly setBy: string;
  /** RFC 3339. */
  readonly setAt: string;
}

export type NewPolicy = Pick<ApprovedPolicy, 'name' | 'text' | 'sha256' | 'setBy'> & {
  /** The version that was planned to be replaced; 0: none. */
  readonly after: number;
};

/** Attestation policies that count in the control plane. That they were approved is the door's doing. */
export interface AttestationPolicyService {
  /** The same run id is the same version. CONFLICT when another version than `after` holds by now. */
  set(policy: NewPolicy, runId: string): Promise<ApprovedPolicy>;
  /** What holds under this name. */
  find(name: string): Promise<ApprovedPolicy | undefined>;
  /** What holds, by name. */
  list(): Promise<readonly ApprovedPolicy[]>;
}
