/** Where a registered model stands. `quarantined` is reached from anywhere and left for `registered` only. */
export const STAGES = ['registered', 'validated', 'staging', 'production', 'retired', 'quarantined'] as const;

export type Stage = (typeof STAGES)[number];

/** Who signed the model, as verified when it was registered. */
export interface RegisteredSignature {
  /** Hexadecimal SHA-256 of the bundle. */
  readonly sha256: string;
  readonly mode: 'key' | 'certificate' | 'sigstore';
  /** Key id, subject or identity. */
  readonly signer: string;
}

/** A version of a model: addressed by its digest, kept by reference (`location`) or as a copy below `ELULMC_HOME/models`. */
export interface RegisteredModel {
  /** `mdl_...` */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Hexadecimal OMS root: SHA-256 over the SHA-256 digests of all files (artifacts/manifest). One version for each digest. */
  readonly digest: string;
  /** Absolute path of the file or folder on the host of the control plane. */
  readonly location: string;
  readonly imported: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly signature: RegisteredSignature | null;
  /** `mdl_...` of what it was made from, such as base model and adapter. */
  readonly parents: readonly string[];
  /** Names or digests of data sets, as given. */
  readonly datasets: readonly string[];
  /** Reference of the training run, as given. */
  readonly trainingRun: string | null;
  /** SPDX id or name, as given. */
  readonly licence: string | null;
  readonly owner: string;
  readonly stage: Stage;
  /** RFC 3339. */
  readonly stageAt: string;
  readonly registeredAt: string;
  readonly registeredBy: string;
  /** Rises with every change: what a plan says in `touches`. */
  readonly rowVersion: number;
}

/** One file of a registered model, as it was hashed. */
export interface RegisteredFile {
  /** Relative, `/` between its parts; `.` when the model is a single file. */
  readonly name: string;
  readonly sha256: string;
}

/** What an operation found about exactly one digest. */
export interface GateResult {
  readonly digest: string;
  /** Name of the operation: `backdoor-scan`, `verify-model`, later `loyalty-test` and so on. */
  readonly gate: string;
  readonly verdict: 'ok' | 'finding' | 'violation' | 'inconclusive';
  readonly summary: string;
  readonly runId: string;
  readonly at: string;
}

export interface StageChange {
  readonly from: Stage | null;
  readonly to: Stage;
  readonly by: string;
  readonly runId: string;
  readonly reason: string | null;
  readonly at: string;
}

export type NewModel = Omit<RegisteredModel, 'id' | 'stage' | 'stageAt' | 'registeredAt' | 'rowVersion'> & { readonly manifest: readonly RegisteredFile[] };

/** Why a model may not enter a stage: one line for each gate that is missing, too old, or was not met. */
export interface GateFault {
  readonly gate: string;
  readonly fault: string;
  /** The command that gives a result for this gate. */
  readonly command: string;
  /** Whether it was violated: that keeps it out of every stage but `retired` and `quarantined`. */
  readonly violated: boolean;
}

/** The registry of models. References are `mdl_...`, `NAME@VERSION`, a digest, or a NAME of which there is one version. */
export interface RegistryService {
  /** The stored version: the same run id is the same registration. CONFLICT when name@version or the digest is registered already. */
  register(model: NewModel, runId: string): Promise<RegisteredModel>;
  /** NOT_FOUND, or FIELD_INVALID with the candidates when a name has several versions; `field` is what errors name. */
  find(reference: string, field: string): Promise<RegisteredModel>;
  byDigest(digest: string): Promise<RegisteredModel | undefined>;
  /** Newest first; all of them unless stages are named. */
  list(stages?: readonly Stage[]): Promise<readonly RegisteredModel[]>;
  manifest(id: string): Promise<readonly RegisteredFile[]>;
  /** The newest version of the same name that was registered before this one and is neither retired nor quarantined. */
  previous(model: RegisteredModel): Promise<RegisteredModel | undefined>;
  /** Keeps the newest result of each gate and digest, and those before it. The same run id is the same result of its gate and digest. */
  record(result: GateResult): Promise<void>;
  /** The newest result of each gate, in the order of their names. */
  gates(digest: string): Promise<readonly GateResult[]>;
  /** Every result about the digest, newest first, at most `limit`. */
  results(digest: string, limit: number): Promise<readonly GateResult[]>;
  /** What keeps the model out of the stage now, by the gates of config.yaml and by any violation. Empty: it may enter. */
  faults(model: RegisteredModel, stage: Stage): Promise<readonly GateFault[]>;
  /**
   * Moves it. GATE_NOT_MET with the faults and STAGE_NOT_REACHABLE, both asked anew in the transaction that moves it; CONFLICT when
   * `rowVersion` is not the stored one. The same run id moves it once; to the stage that it has, it is not moved.
   */
  move(model: RegisteredModel, to: Stage, change: Pick<StageChange, 'by' | 'runId' | 'reason'>): Promise<RegisteredModel>;
  /** Oldest first. */
  history(id: string): Promise<readonly StageChange[]>;
  /** Every version that names it as a parent. */
  children(id: string): Promise<readonly RegisteredModel[]>;
}
