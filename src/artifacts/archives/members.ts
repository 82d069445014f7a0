import type { ByteSource } from '../bytes/byte-source.ts';
import type { Surroundings, Unit } from '../scan/reader.ts';
import { isText, sniff } from '../scan/sniff.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { plainName } from './member-names.ts';
import { sourceDangers } from './source-code.ts';

/** What a member is by the names around it. */
export interface MemberContext {
  /** Members of raw numbers, by name: only their first bytes are looked at. */
  isRawData(name: string): boolean;
  /** Source code that belongs to the format. */
  isOwnCode(name: string): boolean;
  /** What readers of a member have to know about its archive. */
  surroundings(name: string): Surroundings | undefined;
}

export const NO_CONTEXT: MemberContext = { isRawData: () => false, isOwnCode: () => false, surroundings: () => undefined };

const SOURCE = /\.(?:py|pyw|pyx|pth|sh|bash|ps1|bat|cmd|js|rb|pl|lua|php|vbs)$/i;
const BYTECODE = /\.(?:pyc|pyo|class|wasm)$/i;
const SOURCE_READ = 1024 * 1024;
const HEAD = 4096;

/** Scans one member, and says where it is code. `offset`: where its bytes are in the unit, null where they were unpacked. */
export async function scanMember(unit: Unit, source: ByteSource, name: string, offset: number | null, context: MemberContext): Promise<void> {
  unit.signal.throwIfAborted();
  if (name.endsWith('/') && source.size === 0) return;
  const head = source.read(0, HEAD);
  const content = sniff(head, source);
  if (context.isRawData(name)) {
    unit.checked('start of tensor data');
    if (content === null || content === 'text') return;
  }
  if (content === 'script' || (SOURCE.test(name) && isText(head))) checkSource(unit, source, name, offset, context);
  else if (BYTECODE.test(name)) unit.found(ARCHIVE_RULES.source, offset, `${name}: compiled code`);
  await unit.inside(source, plainName(name) || name, 'member', offset, context.surroundings(name));
}

function checkSource(unit: Unit, source: ByteSource, name: string, offset: number | null, context: MemberContext): void {
  unit.checked('source code in archives');
  const dangers = sourceDangers(source.read(0, SOURCE_READ).toString('latin1'));
  if (source.size > SOURCE_READ) unit.notChecked('source code in archives', `only the first ${String(SOURCE_READ)} bytes`);
  if (dangers.length > 0) unit.found(ARCHIVE_RULES.dangerousSource, offset, `${name}: ${dangers.join(', ')}`);
  else if (!context.isOwnCode(name)) unit.found(ARCHIVE_RULES.source, offset, name);
}
