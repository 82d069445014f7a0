import type { Config } from '../../core/config.ts';
import type { DeclaredRouting } from '../posture/service.ts';
import type { ScheduleDefinition } from '../schedules/definition.ts';

/** What the control plane takes from config.yaml beside the routing. */
export type ControlSettings = Pick<Config, 'environment' | 'approvals' | 'windows' | 'gates' | 'runbooks' | 'signIn'> & {
  /** `control.name` */
  readonly name: string;
  /** Those that start runs, the built-in ones among them. */
  readonly schedules: readonly ScheduleDefinition[];
};

/** Options that `elulmc up` sends to the control plane's process. */
export interface ControlRole {
  readonly home: string;
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly localToken: string;
  readonly routing: DeclaredRouting;
  readonly settings: ControlSettings;
  /** Public model of the demo key; null when there is none to show. */
  readonly demoModel: string | null;
}

/** Options that `elulmc up` sends to a gateway's primary process. */
export interface GatewayRole {
  readonly home: string;
  /** `ins_...`: begins the origin of every log. */
  readonly installationId: string;
  readonly databaseUrl: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** Loopback port of the internal listener; 0 for any. */
  readonly internalPort: number;
  readonly internalToken: string;
}

/** Options that `elulmc up` sends to an embedded engine's process. */
export interface EngineRole {
  readonly modelPath: string;
  readonly servedName: string;
  readonly port: number;
  readonly tokensPerSecond: number | null;
  readonly sequences: number;
}

export type RoleName = 'control' | 'gateway' | 'engine';
