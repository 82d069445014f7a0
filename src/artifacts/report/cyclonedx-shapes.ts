/** The part of CycloneDX 1.6 that is written; its own library has no model card. */

export interface BomProperty {
  readonly name: string;
  readonly value: string;
}

export interface BomHash {
  readonly alg: 'SHA-256';
  readonly content: string;
}

export interface BomData {
  readonly type: 'configuration' | 'dataset';
  readonly name: string;
}

export interface BomModelCard {
  readonly modelParameters?: {
    readonly task?: string;
    readonly modelArchitecture?: string;
    readonly datasets?: readonly BomData[];
  };
  readonly properties?: readonly BomProperty[];
}

export interface BomLicense {
  readonly license: { readonly id: string } | { readonly name: string };
}

export interface BomComponent {
  readonly type: 'machine-learning-model' | 'file' | 'data' | 'application';
  readonly 'bom-ref'?: string;
  readonly name: string;
  readonly version?: string;
  readonly publisher?: string;
  readonly hashes?: readonly BomHash[];
  readonly licenses?: readonly BomLicense[];
  readonly pedigree?: { readonly ancestors: readonly BomComponent[] };
  readonly modelCard?: BomModelCard;
  readonly data?: readonly BomData[];
  readonly properties?: readonly BomProperty[];
}

export interface BomVulnerability {
  readonly 'bom-ref': string;
  readonly id: string;
  readonly source: { readonly name: string };
  readonly references?: readonly { readonly id: string; readonly source: { readonly name: string; readonly url?: string } }[];
  readonly ratings: readonly { readonly severity: 'critical' | 'high' | 'medium' | 'low'; readonly method: 'other' }[];
  readonly cwes?: readonly number[];
  readonly description: string;
  readonly detail: string;
  readonly recommendation: string;
  readonly analysis?: { readonly response: readonly ['will_not_fix']; readonly detail: string };
  readonly affects: readonly { readonly ref: string }[];
  readonly properties: readonly BomProperty[];
}

export interface Bom {
  readonly $schema: string;
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly timestamp: string; readonly tools: { readonly components: readonly BomComponent[] }; readonly component: BomComponent };
  readonly components: readonly BomComponent[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly compositions: readonly { readonly aggregate: 'complete' | 'incomplete'; readonly assemblies: readonly string[] }[];
  readonly vulnerabilities: readonly BomVulnerability[];
}
