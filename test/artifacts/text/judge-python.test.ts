import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgePython } from '../../../src/artifacts/text/judge-python.ts';

const { signal } = new AbortController();
const signs = (source: string): string[] => judgePython(source, signal).signs.map(({ kind, when }) => `${kind} ${when}`);

describe('judging Python source by its text', () => {
  it.each([
    'import os\nos.system("x")',
    'from os import (system as s,\n  path)\ns("x")',
    'import os.path as p, subprocess as sp; sp.run(["ls"])',
    'from subprocess import *\nPopen("x")',
    'import os\nclass A:\n    x = os.popen("x")',
    'import os\ndef f(a=os.system("x")): pass',
    'import os\ndef f():\n  g()\ndef g():\n  os.system("x")\nf()',
    'import os\nclass A:\n  def __init__(self):\n    os.system("x")\nA()',
    'import os, atexit\natexit.register(os.system, "x")',
    '__import__("o" + "s").system("x")',
    'getattr(__import__("subprocess"), "".join(["r", "un"]))("x")',
    'import sys\nsys.modules["os"].__dict__["sys" "tem"]("x")',
    'import importlib\nimportlib.import_module("" or "os").system("x")',
    'exec(__import__("base64").b64decode("aW1wb3J0IG9zO29zLnN5c3RlbSgneCcp"))',
    'exec("\\x69mport os\\nos.system(1)")',
    'x = f"{__import__(\'os\').system(1)}"',
    'import os\nif True: os.system("x")',
    'import os\nrun = os.system\nrun("x")',
    'import ｏs\nｏs.system("x")',
  ])('finds a process at import: %s', (source) => {
    expect(signs(source)).toContain('process import');
  });

  it('tells import, use, call and program apart', () => {
    expect(signs('import os\ndef f():\n  os.system("x")')).toEqual(['process call']);
    expect(signs('import os\nclass A:\n  def forward(self): os.system("x")')).toEqual(['process use']);
    expect(signs('import os\nif __name__ == "__main__":\n  os.system("x")')).toEqual(['process program']);
  });

  it('takes words in texts, comments and names of others for nothing', () => {
    const source =
      '"""os.system("x") and import subprocess"""\n# eval(x)\nimport re, torch\nmodel.eval()\nx = re.compile("a")\ny = torch.compile(model)\nself.exec(1)\n';
    expect(signs(source)).toEqual([]);
  });

  it('knows encodings in which the text is not the code', () => {
    expect(signs('#!/usr/bin/python\n# -*- coding: rot13 -*-\n')).toEqual(['encoding import']);
    expect(signs('# -*- coding: utf-8 -*-\n')).toEqual([]);
  });

  it('says where it broke off, and keeps what came before', () => {
    expect(judgePython('import os\nos.system("x")\ny = "', signal)).toMatchObject({ signs: [{ kind: 'process', at: 19 }], unread: 'a string without end' });
    expect(judgePython('('.repeat(5000), signal).unread).toBeDefined();
    expect(judgePython('def f(): '.repeat(100), signal).unread).toBeDefined();
  });

  it('counts offsets in bytes', () => {
    expect(judgePython('x = "ü"\nimport os\nos.system(1)', signal).signs[0]?.at).toBe(Buffer.byteLength('x = "ü"\nimport os\nos.system'));
  });

  it('takes evaluation of an encoded text for what it is, whatever the text does', () => {
    const kinds = (source: string): string[] => judgePython(source, signal).signs.map(({ kind }) => kind);
    expect(kinds('exec(__import__("base64").b64decode("aW1wb3J0IG9z"))')).toEqual(['evaluate']);
    expect(kinds('import codecs\nexec(codecs.decode("vzcbeg bf", "rot13"))')).toEqual(['evaluate']);
    expect(kinds('exec("so tropmi"[::-1])')).toEqual(['evaluate']);
    expect(kinds('exec("x = 1")')).toEqual([]);
  });

  it('never throws', () => {
    const part = fc.constantFrom(
      'import os\n',
      'os',
      '.',
      'system',
      '(',
      ')',
      '"',
      "'''",
      'f"{',
      '}',
      '[',
      ']',
      ':',
      ';',
      '\n',
      '  ',
      'def ',
      'class ',
      '=',
      '+',
      ',',
      '\\',
      '#',
      '0x1',
      'ß',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        expect(judgePython(parts.join(''), signal).signs).toBeInstanceOf(Array);
      }),
    );
  });
});
