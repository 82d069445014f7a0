const MAX_NAME_BYTES = 4096;

/**
 * Why a path may not name a file of a model; undefined: it may. Names are compared with what is found in the model, and never opened,
 * so that this is a second line. `.` is the name of a model that is one file.
 */
export function nameFault(path: string, isOnly: boolean): string | undefined {
  if (path === '.') return isOnly ? undefined : 'a model that is one file, among others';
  if (path === '' || path.startsWith('/')) return 'not relative';
  if (/^[A-Za-z]:[/\\]/.test(path)) return 'not relative';
  if (path.includes('\\')) return 'a backslash';
  if (path.includes('\0')) return 'a NUL';
  if (Buffer.byteLength(path) > MAX_NAME_BYTES) return 'too long';
  if (!path.isWellFormed()) return 'not Unicode';
  return path.split('/').some((part) => part === '' || part === '.' || part === '..') ? 'a part that is empty, `.` or `..`' : undefined;
}
