import { driverVersionOf, OPAQUE, opaqueTextOf, vbiosVersionOf } from './spdm-report.ts';
import type { SpdmReport } from './spdm-report.ts';

/** Names by which NVIDIA's service publishes the manifests of a device; null where the report does not tell enough. */
export interface RimIds {
  readonly driver: string | null;
  readonly vbios: string | null;
}

/** The only switch that reports by SPDM. */
const LS10_BOARD = '5612_0002_890';

/** `architecture`: from the leaf certificate, `GH100`, `GB100`, `LS10`. */
export function rimIdsOf(report: SpdmReport, architecture: 'GH100' | 'GB100' | 'LS10'): RimIds {
  const vbios = vbiosVersionOf(report)?.replaceAll('.', '') ?? null;
  if (architecture === 'LS10') return { driver: null, vbios: vbios === null ? null : `NV_SWITCH_BIOS_${LS10_BOARD}_${vbios}` };
  const driver = driverVersionOf(report);
  const chip = (report.opaque.has(OPAQUE.chipInfo) ? opaqueTextOf(report, 'chipInfo') : null) ?? 'GB100';
  const prefix = architecture === 'GH100' ? 'NV_GPU_DRIVER_GH100' : `NV_GPU_CC_DRIVER_${chip}`;
  const board = (['project', 'projectSku', 'chipSku'] as const).map((field) => opaqueTextOf(report, field)?.toUpperCase());
  const isKnown = vbios !== null && board.every((part) => part !== undefined);
  return { driver: driver === null ? null : `${prefix}_${driver}`, vbios: isKnown ? ['NV_GPU_VBIOS', ...board, vbios].join('_') : null };
}
