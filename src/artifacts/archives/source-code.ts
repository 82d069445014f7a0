/** What code does that model code has no business doing. Names of calls, not a proof: the code is for somebody to read. */
const DANGERS: readonly (readonly [string, RegExp])[] = [
  ['starts a process', /\b(?:os\s*\.\s*(?:system|popen|exec[lv]\w{0,3}|spawn\w{1,4}|posix_spawnp?)|subprocess\b|pty\s*\.\s*spawn|commands\s*\.\s*getoutput)/],
  ['evaluates code', /(?:^|[^\w.])(?:exec|eval|compile|execfile|__import__)\s*\(|\b(?:importlib|runpy)\b|\bbuiltins\s*\.|__builtins__/m],
  ['loads native code', /\b(?:ctypes|cffi)\b|\bload_library\b/],
  ['loads a pickle', /\b(?:pickle|marshal|dill|cloudpickle|joblib)\s*\.\s*loads?\b/],
  [
    'opens a connection',
    /\b(?:socket\s*\.\s*(?:socket|create_connection)|urllib\s*\.\s*request|http\s*\.\s*client|ftplib|telnetlib|requests\s*\.\s*(?:get|post|put))\b/,
  ],
  ['decodes hidden text', /\bbase64\s*\.\s*b64decode\b|\bcodecs\s*\.\s*decode\b|\bbytes\s*\.\s*fromhex\b/],
  ['runs a shell', /\b(?:curl|wget)\b[^\n]{0,200}\|\s*(?:ba)?sh\b|\brm\s+-rf\b|\/dev\/tcp\//],
];

/** What is dangerous in the text of a program, in words; empty when nothing is. */
export function sourceDangers(text: string): string[] {
  return DANGERS.filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
}
