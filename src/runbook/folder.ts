/** `path` as seen from `folder`, without `.` and `..`: '' is the runbook's root, null is outside of it. */
export function joinFolder(folder: string, path: string): string | null {
  if (path.startsWith('/')) return null;
  const segments: string[] = [];
  for (const segment of [...folder.split('/'), ...path.split('/')]) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.join('/');
}
