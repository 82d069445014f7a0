import type { OperationDeclaration, Risk, Room } from '../declaration.ts';

/** What help, binding and routing need to know of an operation before its module is loaded. */
export interface CatalogueEntry {
  readonly room: Room;
  readonly name: string;
  readonly runbookLine: string | null;
  readonly summary: string;
  readonly risk: Risk;
  readonly local: 'always' | 'fallback' | null;
  /** Imports the operation's module: kept out of the start, because zod and the modules cost most of it. */
  load(): Promise<OperationDeclaration>;
}
