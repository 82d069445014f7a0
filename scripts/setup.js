// Installs the packages that package-lock.json names when they are not there yet, and says nothing when they are.
// Plain JavaScript without dependencies: it runs on whatever Node the machine has (18 or newer), before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node');
const lockFile = join(root, '.elulmc', 'setup.lock');

class SetupError extends Error {
  constructor(sentence, help, output = '') {
    super(sentence);
    this.help = help;
    this.output = output;
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new SetupError(`${path} cannot be read: ${error.message}`, 'git checkout package-lock.json, or rm -r node_modules');
  }
}

/** Whether `version` (`24.15.0`) can run this program. */
function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}

function hasNode() {
  try {
    accessSync(pinnedNode, constants.X_OK);
    return true;
  } catch {
    return isNewEnough(process.versions.node);
  }
}

/** What is installed; undefined while it is not known, as in the moment in which another set-up's npm writes it. */
function readPresent() {
  try {
    return JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * npm writes node_modules/.package-lock.json as the last step of an installation, so an interrupted one has none.
 * Optional packages are left out where they do not fit the machine; every other one must be there in the version of the lock file.
 */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new SetupError('package-lock.json is missing', 'run this in a complete checkout');
  const present = readPresent();
  if (present === undefined || !hasNode()) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true;
    const installed = present.packages[path];
    if (installed === undefined) return entry.optional === true;
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

/** When process `pid` started, in clock ticks since boot: tells it from a later one with the same number. Empty where there is no /proc. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

function isAlive(holder) {
  const [pid, host, started] = holder.split(' ');
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return startOf(pid) === started;
}

/** Puts the lock of a dead process out of the way; gives it back if another set-up has meanwhile taken it. */
function clearLock(seen) {
  const aside = `${lockFile}.${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, 'utf8') !== seen) linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(aside, { force: true });
}

/** Takes the lock, or says who holds it. The file gets its place together with its content. */
function tryLock() {
  const own = `${process.pid} ${hostname()} ${startOf(process.pid)}`;
  const draft = `${lockFile}.${process.pid}`;
  mkdirSync(dirname(lockFile), { recursive: true });
  writeFileSync(draft, own);
  try {
    linkSync(draft, lockFile);
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    return readFileSync(lockFile, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return tryLock();
    throw error;
  }
}

async function takeLock(say) {
  for (let holder = tryLock(); holder !== undefined; holder = tryLock()) {
    if (!isAlive(holder)) {
      clearLock(holder);
      continue;
    }
    say(`waiting for another set-up of this checkout (process ${holder.split(' ')[0]})`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Says what is going on, on stderr: after a second, then every second on a terminal and every 15 elsewhere. */
function startProgress() {
  const isTerminal = process.stderr.isTTY === true;
  const started = Date.now();
  let text = '';
  let lastSeconds = 0;
  const timer = setInterval(() => {
    const seconds = Math.floor((Date.now() - started) / 1000);
    if (text === '' || (!isTerminal && lastSeconds > 0 && seconds - lastSeconds < 15)) return;
    lastSeconds = seconds;
    process.stderr.write(isTerminal ? `\r\x1b[K${text} ... ${seconds} s` : `${text} ... ${seconds} s\n`);
  }, 1000);
  return {
    say: (words) => {
      text = words;
    },
    end: () => {
      clearInterval(timer);
      if (isTerminal && lastSeconds > 0) process.stderr.write('\r\x1b[K');
    },
  };
}

/** npm must not run on the pinned Node: `npm ci` begins by deleting it. */
function environmentOfNpm() {
  const packages = join(root, 'node_modules') + sep;
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(packages));
  return { ...process.env, PATH: path.join(delimiter) };
}

function explain(output, code) {
  if (/ENOSPC/.test(output)) return new SetupError('the disk is full', 'free about 1 GB and run the command again', output);
  if (/EACCES|EPERM|EROFS/.test(output)) return new SetupError('the packages cannot be written', `make ${root} writable for this user`, output);
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH/.test(output)) {
    return new SetupError('the package registry cannot be reached', 'check the network and `npm config get registry`, `npm config get proxy`', output);
  }
  return new SetupError(`npm ci failed (exit code ${code})`, 'the last lines of npm are above', output);
}

let npm;
let stoppedBy;

/** Resolves when `npm ci` has ended well. Nothing of its output is shown unless it fails. */
function installPackages() {
  return new Promise((resolve, reject) => {
    let output = '';
    const collect = (chunk) => {
      output = (output + chunk).slice(-8000);
    };
    npm = spawn('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      env: environmentOfNpm(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    npm.stdout.setEncoding('utf8').on('data', collect);
    npm.stderr.setEncoding('utf8').on('data', collect);
    npm.on('error', (error) => {
      const help = 'install it together with Node (Debian: apt-get install npm)';
      reject(error.code === 'ENOENT' ? new SetupError('npm was not found on PATH', help) : error);
    });
    npm.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(explain(output, code ?? signal));
    });
  });
}

function checkInstalled() {
  if (!hasNode()) {
    throw new SetupError(
      'npm ci did not install the pinned Node',
      'npm must run install scripts (npm config get ignore-scripts); or install Node 24.15 or newer yourself',
    );
  }
  if (!isInstalled()) throw new SetupError('npm ci did not install what package-lock.json names', 'npm ci shows what is wrong; npm must be version 7 or newer');
  if (isNewEnough(process.versions.node)) return;
  const { status, stderr, error } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new SetupError('the pinned Node does not run on this machine', 'install Node 24.15 or newer yourself', error?.message ?? stderr);
}

async function setUp() {
  if (isInstalled()) return;
  const progress = startProgress();
  try {
    await takeLock(progress.say);
    try {
      if (isInstalled()) return;
      progress.say('installing packages (npm ci, once, a minute or two)');
      await installPackages();
      checkInstalled();
    } finally {
      rmSync(lockFile, { force: true });
    }
  } finally {
    progress.end();
  }
}

function report(error) {
  if (error.output) process.stderr.write(`${error.output.trimEnd()}\n`);
  const isPermission = error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM';
  const sentence = isPermission ? `${error.path ?? root} cannot be written` : error.message;
  const help = isPermission ? `make ${root} writable for this user, or clone it again as this user` : error.help;
  process.stderr.write(`elulmc set-up: ${sentence}\n${help ? `help: ${help}\n` : ''}`);
}

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
for (const signal of Object.keys(SIGNAL_EXIT)) {
  process.on(signal, () => {
    stoppedBy ??= signal;
    if (npm === undefined) process.exit(SIGNAL_EXIT[signal]);
    npm.kill(signal);
  });
}

try {
  await setUp();
} catch (error) {
  if (stoppedBy === undefined) report(error);
  process.exitCode = 1;
}
if (stoppedBy !== undefined) process.exitCode = SIGNAL_EXIT[stoppedBy];
