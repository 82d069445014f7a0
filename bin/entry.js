// Plain JavaScript, because the cache of compiled code must be on before the first TypeScript file is imported:
// then `--help` takes a third of the time. The program itself is src/app.ts (dist/app.js in the published package).
import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GROUP_AND_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Whether only this user and root can put a file at `path`, an absolute path without links. */
function isPrivate(path) {
  const user = process.geteuid();
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at);
    if (uid !== user && uid !== 0) return false;
    const isShared = (mode & GROUP_AND_OTHERS_WRITE) !== 0;
    const keepsOurs = at !== path && (mode & STICKY) !== 0;
    if (isShared && !keepsOurs) return false;
    if (at === dirname(at)) return true;
  }
}

/** What lies in the cache is run, so it is used only where nobody else can write. Without it the program starts more slowly. */
function cacheCompiledCode() {
  try {
    const home = homedir();
    if (statSync(home).uid !== process.geteuid()) return;
    const folder = join(home, '.cache', 'elulmc', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = realpathSync(folder);
    if (isPrivate(real)) enableCompileCache(real);
  } catch {
    // No home, or one that cannot be written.
  }
}

async function start() {
  const source = new URL('../src/app.ts', import.meta.url);
  const isCheckout = existsSync(source);
  const packages = new URL('../node_modules', import.meta.url);
  if (isCheckout && !existsSync(packages)) {
    const root = dirname(fileURLToPath(packages));
    process.stderr.write(`elulmc: the packages of this checkout are not installed\nhelp: npm ci in ${root} (npm start does it by itself)\n`);
    process.exitCode = 1;
    return;
  }
  cacheCompiledCode();
  const { main } = await import(isCheckout ? source : new URL('../dist/app.js', import.meta.url));
  await main(process.argv.slice(2));
}

await start();
