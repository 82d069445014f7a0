// npm run build: dist/ for the published package, because Node strips no types under node_modules.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const source = join(root, 'src');
const built = join(root, 'dist');

rmSync(built, { recursive: true, force: true });
const compiler = spawnSync(process.execPath, [join(root, 'node_modules', '.bin', 'tsc'), '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (compiler.status === 0) cpSync(source, built, { recursive: true, filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts') });
process.exitCode = compiler.status ?? 1;
