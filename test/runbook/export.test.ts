import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { Nodes } from 'mdast';
import { describe, expect, test } from 'vitest';
import { durationText, exportRun } from '../../src/runbook/export.ts';
import type { RunLedger } from '../../src/runbook/export.ts';
import type { RunView } from '../../src/runbook/run-view.ts';
import { reportOf, runView, stepView } from './run-view-fixture.ts';

const NO_ENTRIES: RunLedger = { entriesOf: () => Promise.resolve([]), proofOf: () => Promise.reject(new Error('there is no proof')) };

function exported(changes: Partial<RunView> = {}, ledger: RunLedger = NO_ENTRIES): Promise<string> {
  return exportRun(runView(changes), ledger);
}

function nodesOf(node: Nodes): readonly Nodes[] {
  return [node, ...('children' in node ? node.children.flatMap(nodesOf) : [])];
}

test('says who, what and when, and what every step did', async () => {
  const text = await exported({
    section: 'A/B',
    change: 'chg_1',
    steps: [
      stepView({
        name: 'look',
        report: reportOf({ plan: { changes: ['lift it'], notes: ['it was on'] }, output: { found: 2 } }),
        approval: { request: 'apr_1', state: 'used', required: 2, people: ['per_b', 'per_c'] },
      }),
      stepView({
        index: 1,
        kind: 'process',
        operation: null,
        text: './ours.sh',
        line: 6,
        output: { sha256: 'ef'.repeat(32), bytes: 12, truncated: true, tail: 'line\n```\n~~~\nend', code: 5 },
        state: 'failed',
        exit: 1,
        undone: 'Not taken back.',
      }),
      stepView({
        index: 2,
        kind: 'prose',
        operation: null,
        text: 'Ring the owner.',
        line: 9,
        evidence: { by: 'per_d', note: 'rang', file: { name: 'call.txt', sha256: '01'.repeat(32), bytes: 7 } },
      }),
      stepView({ index: 3, kind: 'prose', operation: null, text: 'Look again.', line: 10, state: 'skipped', summary: 'Skipped by per_a: Look again.' }),
      stepView({ index: 4, state: 'pending', startedAt: null, endedAt: null, summary: '' }),
    ],
  });
  for (const expected of [
    '| Section | A/B |',
    '| Change | ` chg_1 ` |',
    '| State | succeeded, exit code 0 |',
    '| 1 | 2026-01-01T00:00:00.000Z | 0 ms | succeeded | audits check-logs | ` ./audits/check_logs.sh ` |',
    '### 1. look\n\n- Line 4: ` ./audits/check_logs.sh `\n- Operation audits check-logs, call ` run_step `\n- succeeded, exit code 0: All is well.',
    '- Approval ` apr_1 `: used, 2 needed, given by ` per_b `, ` per_c `',
    '  - lift it\n  - note: it was on',
    '- Output 12 bytes (cut off at the limit), SHA-256',
    'exit code 5; the end of it:\n\n~~~~text\n line\n ```\n ~~~\n end\n~~~~',
    '- Undone: Not taken back.',
    '### 3. Ring the owner.\n\n- Line 9, done by a person\n- succeeded\n- Answered by ` per_d `: rang\n- Evidence ` call.txt `, 7 bytes, SHA-256',
    '### 4. Look again.\n\n- Line 10, done by a person\n- skipped, exit code 0: Skipped by per\\_a: Look again.',
    '### 5. audits check-logs\n\n- Line 4: ` ./audits/check_logs.sh `\n- Operation audits check-logs, call ` run_step `\n- pending\n',
    'No entry of this run was found in the ledger.',
  ]) {
    expect(text).toContain(expected);
  }
  expect(text).not.toMatch(/\n\n\n|undefined|\[object/);
});

test('a run that waits says for whom and with which command', async () => {
  const waitsFor = { kind: 'approval', step: 'stp_1', text: '1 more person must approve apr_1', help: 'elulmc governance approve apr_1' } as const;
  const text = await exported({ state: 'waiting-approval', exit: null, endedAt: null, summary: '', waitsFor });
  expect(text).toContain('| State | waiting-approval |\n');
  expect(text).toContain('It waits: 1 more person must approve apr\\_1 Next command: ` elulmc governance approve apr_1 `');
});

describe('the ledger', () => {
  test('a proof that cannot be made is said, and the report is made all the same', async () => {
    const position = { log: 'control-west', index: 7 };
    const steps = [stepView({ report: reportOf({ entries: { intent: null, done: position } }) })];
    const text = await exported(
      { steps },
      { entriesOf: () => Promise.reject(new Error('no such folder')), proofOf: () => Promise.reject(new Error('not here')) },
    );
    expect(text).toContain('The log could not be searched for entries of this run: no such folder');
    expect(text).toContain('### Entry 7 of ` control-west `: result of step 1, audits check-logs\n\nNo proof could be made: not here');
  });

  test('an entry that a report names and the log has stands there once', async () => {
    const position = { log: 'control', index: 7 };
    const steps = [stepView({ report: reportOf({ entries: { intent: null, done: position } }) })];
    const entry = { position, id: 'run_step', kind: 'operation.done', action: 'audits check-logs' };
    const proof = { proof: 'c2sp.org/tlog-proof@v1\nindex 7\n\nnote\n', entry: '{"v":1}', key: 'k+1' };
    const text = await exported({ steps }, { entriesOf: () => Promise.resolve([entry]), proofOf: () => Promise.resolve(proof) });
    expect(text.match(/### Entry 7/g)).toHaveLength(1);
    expect(text).toContain('```tlog-proof control-7\nc2sp.org/tlog-proof@v1\nindex 7\n\nnote\n```');
    expect(text).toContain("elulmc audits verify-log --proof control-7.tlog-proof --key 'k+1'");
  });
});

const HOSTILE = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '```',
        '~~~',
        '\n',
        '# ',
        '| x |',
        '<script>',
        '[a](http://x)',
        '![a](b)',
        '`',
        '**',
        '&lt;',
        '---\n',
        '```tlog-proof control-1\n',
        '\u202e',
        '\u001b[2J',
        '- ',
      ),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

test('whatever others wrote, the report keeps its headings, and nothing of theirs is a link, an image or HTML', async () => {
  await fc.assert(
    fc.asyncProperty(HOSTILE, async (text) => {
      const evidence = { by: text, note: text, file: { name: text, sha256: text, bytes: 1 } };
      const output = { sha256: text, bytes: 1, truncated: false, tail: text, code: 0 };
      const report = reportOf({ plan: { changes: [text], notes: [text] }, output: { text }, summary: text });
      const step = stepView({ name: text, text, summary: text, evidence, output, report, undone: text });
      const said = await exported({
        runbook: text,
        section: text,
        summary: text,
        origin: text,
        steps: [step, { ...step, index: 1, kind: 'prose', name: null }],
      });
      const nodes = nodesOf(fromMarkdown(said));
      expect(nodes.filter(({ type }) => ['link', 'image', 'html', 'linkReference', 'imageReference', 'definition'].includes(type))).toEqual([]);
      expect(nodes.flatMap((node) => (node.type === 'heading' ? [node.depth] : []))).toEqual([1, 2, 2, 3, 3, 2]);
      // eslint-disable-next-line no-control-regex -- these are the characters that must not be there
      expect(said).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e]/);
    }),
    { numRuns: 200 },
  );
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_500, '1.5 s'],
  [61_000, '1 min 1 s'],
  [3_660_000, '1 h 1 min'],
  [200_000_000, '2 d 7 h'],
  [-5_000, '0 ms'],
])('%d ms is %s', (ms, text) => {
  const from = '2026-01-01T00:00:00.000Z';
  expect(durationText(from, new Date(Date.parse(from) + ms).toISOString())).toBe(text);
});
