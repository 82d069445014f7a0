import { readFileSync } from 'node:fs';

/** Folder of package.json: this file lies two levels below it, as source and as emitted JavaScript. */
export const packageRoot = new URL('../../', import.meta.url);

export function packageVersion(): string {
  return (JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string }).version;
}
