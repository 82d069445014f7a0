/** Products of AMD that SEV-SNP reports come from; Genoa is also Bergamo and Siena. */
export type SnpProduct = 'milan' | 'genoa' | 'turin';

export const SNP_PRODUCTS = ['milan', 'genoa', 'turin'] as const satisfies readonly SnpProduct[];

/** Parts of the trusted computing base: FMC (Turin), boot loader, TEE, SNP firmware, microcode. */
export const TCB_COMPONENTS = ['fmc', 'bl', 'tee', 'snp', 'ucode'] as const;

export type TcbComponent = (typeof TCB_COMPONENTS)[number];

/** Security patch levels, 0 to 255 each. They are compared one by one, never as one number. */
export type Tcb = Readonly<Partial<Record<TcbComponent, number>>>;

/** Byte of each component in a TCB field of the report (AMD publication 56860, TCB_VERSION). */
const POSITIONS: Readonly<Record<SnpProduct, Readonly<Partial<Record<TcbComponent, number>>>>> = {
  milan: { bl: 0, tee: 1, snp: 6, ucode: 7 },
  genoa: { bl: 0, tee: 1, snp: 6, ucode: 7 },
  turin: { fmc: 0, bl: 1, tee: 2, snp: 3, ucode: 7 },
};

/** Reads the eight bytes of a TCB field. */
export function readTcb(bytes: Buffer, product: SnpProduct): Tcb {
  return Object.fromEntries(Object.entries(POSITIONS[product]).map(([name, position]) => [name, bytes[position] ?? 0]));
}

/** `bl=3 tee=0 snp=8 ucode=115` */
export function formatTcb(tcb: Tcb): string {
  return TCB_COMPONENTS.flatMap((name) => (tcb[name] === undefined ? [] : [`${name}=${String(tcb[name])}`])).join(' ');
}

/** Whether every component that `minimum` names is reported and not lower. */
export function isAtLeast(tcb: Tcb, minimum: Tcb): boolean {
  return TCB_COMPONENTS.every((name) => minimum[name] === undefined || (tcb[name] ?? -1) >= minimum[name]);
}

/** Whether both have the same components at the same levels. */
export function isSameTcb(a: Tcb, b: Tcb): boolean {
  return TCB_COMPONENTS.every((name) => a[name] === b[name]);
}
