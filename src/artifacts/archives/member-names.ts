const DRIVE = /^[A-Za-z]:/;

function hasControls(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) < 0x20 || name.charCodeAt(i) === 0x7f) return true;
  return false;
}

/** Why a member name is dangerous to whoever unpacks it, or null. */
export function nameDanger(name: string): string | null {
  if (name.includes('\0')) return 'it has a NUL, names end there for some';
  if (hasControls(name)) return 'it has control characters';
  if (name.startsWith('/') || name.startsWith('\\')) return 'it is absolute';
  if (DRIVE.test(name)) return 'it names a drive';
  if (name.split(/[/\\]/).includes('..')) return 'it leaves the folder';
  if (name.includes('\\')) return 'a backslash divides it on some systems only';
  return null;
}

/** A part that is empty or a dot, and what else is not plain. */
const NOT_PLAIN = /[\\\0]|(?:^|\/)\.?(?:\/|$)/;

/** Name under which a loader could take two members for one. */
export function plainName(name: string): string {
  if (!NOT_PLAIN.test(name)) return name;
  const end = name.indexOf('\0');
  return (end < 0 ? name : name.slice(0, end))
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Where a link leads that stands at `name`, as parts below the root; null when that is outside. */
export function linkTarget(name: string, target: string): string | null {
  if (nameDanger(target) !== null && !target.split('/').includes('..')) return null;
  if (target.startsWith('/')) return null;
  const parts = plainName(name).split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}
