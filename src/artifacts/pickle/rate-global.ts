import { ALLOWED_GLOBALS, isTorchScriptName } from './allowed-globals.ts';
import { DANGERS, DANGEROUS_MODULES, DANGEROUS_NAMES } from './dangerous-globals.ts';
import { python3Name } from './python2-names.ts';
import type { GlobalRating } from './values.ts';

/** Ratings of the last names: a checkpoint imports the same few thousands of times. */
const RATED = new Map<string, GlobalRating>();
const MAX_RATED = 256;
const MAX_KEY = 256;
const WORSE = ['allowed', 'torchscript', 'unknown', 'risky', 'dangerous'];

/**
 * Rates an import by full name. Names of Python 2 are rated in both spellings. A dotted name is never allowed, not even inside of an
 * allowed module: it reaches whatever that module has imported (GHSA-5j3x-jp52-966f). Whether the protocol lets it work does not
 * matter: it stands there for no good reason.
 */
export function rateGlobal(module: string, name: string): GlobalRating {
  const key = `${String(module.length)} ${module}${name}`;
  const known = RATED.get(key);
  if (known !== undefined) return known;
  const rating = rate(module, name);
  if (RATED.size >= MAX_RATED) RATED.clear();
  if (key.length <= MAX_KEY) RATED.set(key, rating);
  return rating;
}

function rate(module: string, name: string): GlobalRating {
  const here = rateSpelling(module, name);
  const renamed = python3Name(module, name);
  if (renamed === null) return here;
  const there = rateSpelling(renamed.module, renamed.name);
  // The old spelling of an allowed name is in no table itself.
  if (here.is === 'unknown') return there;
  return WORSE.indexOf(there.is) > WORSE.indexOf(here.is) ? there : here;
}

function rateSpelling(module: string, name: string): GlobalRating {
  if (!name.includes('.')) {
    const use = ALLOWED_GLOBALS.get(`${module}.${name}`);
    if (use !== undefined) return { is: 'allowed', use };
    if (isTorchScriptName(module, name)) return { is: 'torchscript' };
  }
  return rateByTable(module, name) ?? rateByParts(name) ?? { is: 'unknown', why: 'nothing is known about it' };
}

/** The module, every parent of it and every part of the name. */
function rateByTable(module: string, name: string): GlobalRating | undefined {
  const parts = `${module}.${name}`.split('.').slice(0, 64);
  let risky: GlobalRating | undefined;
  for (let count = 1; count <= parts.length; count += 1) {
    const danger = DANGERS.get(parts.slice(0, count).join('.'));
    if (danger?.danger === 'dangerous') return { is: 'dangerous', why: danger.can };
    if (danger !== undefined) risky = { is: 'risky', why: danger.can };
  }
  return rateByName(name) ?? risky;
}

function rateByName(name: string): GlobalRating | undefined {
  const parts = name.split('.');
  const telling = parts.find((part) => DANGEROUS_NAMES.has(part));
  if (telling !== undefined) return { is: 'dangerous', why: `${telling} says what it does: run, load or reach other code` };
  const module = parts.find((part) => DANGEROUS_MODULES.has(part.replace(/^_{1,2}(?=[a-z])/, '')));
  return module === undefined ? undefined : { is: 'dangerous', why: `it reaches the module ${module} through another one` };
}

/** An attribute path may start in an allowed module and end anywhere: each tail of it is rated as if it were imported itself. */
function rateByParts(name: string): GlobalRating | undefined {
  const parts = name.split('.').slice(0, 64);
  if (parts.length < 2) return undefined;
  for (let from = 0; from < parts.length - 1; from += 1) {
    const tail = parts.slice(from).map((part) => part.replace(/^_(?=[a-z])/, ''));
    const rating = rateByTable(tail[0] ?? '', tail.slice(1).join('.'));
    if (rating?.is === 'dangerous') return { is: 'dangerous', why: `it reaches ${tail.join('.')}, which ${rating.why}` };
  }
  return { is: 'risky', why: 'its name is an attribute path, which reaches what its module has imported' };
}
