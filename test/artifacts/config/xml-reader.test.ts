import { describe, expect, it } from 'vitest';
import { scanFolderOf } from './scan-folder-of.ts';

const GRAPH = (layer: string): string => `<?xml version="1.0"?><net name="m" version="11"><layers>${layer}</layers></net>`;
const found = async (text: string, name = 'model.xml'): Promise<readonly string[]> =>
  (await scanFolderOf({ [name]: text })).found.map((one) => one.split(': ')[1] ?? '');

describe('the reader of XML', () => {
  it('takes a graph of OpenVINO with its weights for clean', async () => {
    const layer = '<layer id="0" name="w" type="Const"><data element_type="f32" offset="0" shape="2" size="8"/></layer>';
    expect(await scanFolderOf({ 'model.xml': GRAPH(layer), 'model.bin': Buffer.from('0000803f00000040', 'hex') })).toMatchObject({
      verdict: 'clean',
      found: [],
    });
    expect((await scanFolderOf({ 'model.xml': GRAPH(layer), 'model.bin': Buffer.from('0000803f', 'hex') })).found).toEqual(['model.bin: config-weight-map']);
  });

  it('finds libraries, external references, entities and scripts', async () => {
    expect(await found(GRAPH('<layer id="0" library="/tmp/x.so"/>'))).toEqual(['xml-custom-library']);
    expect(await found(GRAPH("<layer\n id = '0' impl='&#x2f;x.so'/>"))).toEqual(['xml-custom-library']);
    expect(await found('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')).toEqual(['xml-external-reference']);
    expect(await found('<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><a/>')).toEqual(['xml-entity-expansion']);
    expect(await found('<a xmlns:xi="x"><xi:include href="other.xml"/></a>')).toEqual(['xml-external-reference']);
    expect(await found('<svg onload="x()"></svg>', 'logo.svg')).toEqual(['xml-script']);
    expect(await found('<svg><!-- <script> --><path d="M0 0"/></svg>', 'logo.svg')).toEqual([]);
  });

  it('says that a tag has no end', async () => {
    expect(await found('<net><layer id="0')).toEqual(['xml-broken']);
  });
});
