import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import type { ApprovalRequest } from '../../src/services/approvals/service.ts';
import { digestOf, payloadOf } from '../../src/services/approvals/statement.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture, Said } from './cli-fixture.ts';
import { startControl } from './control-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';
import { terminal } from './runbook-fixture.ts';

const OPERATION = ['deployment', 'activate-backup', '--model', 'demo'];
const ASK = ['governance', 'request', 'deployment activate-backup', '--input', '{"model":"demo"}', '--reason', 'the primary is slow'];

let control: ControlFixture;
const homes: CliFixture[] = [];
let olga: CliFixture;
let ann: CliFixture;

/** The home of a person who is signed in there. */
async function signedIn(role: Parameters<ControlFixture['inviteLink']>[0], name: string): Promise<CliFixture> {
  const cli = cliFixture();
  homes.push(cli);
  cli.pointTo(control.url);
  expect((await cli.run(['sign-in', await control.inviteLink(role), '--name', name])).code).toBe(0);
  return cli;
}

beforeEach(async () => {
  control = await startControl(undefined, 'ins_memory', {}, undefined, { change: 1 });
  olga = await signedIn('operator', 'Olga');
  ann = await signedIn('approver', 'Ann');
});

afterEach(async () => {
  await control.stop();
  for (const home of homes.splice(0)) home.remove();
});

async function asked(): Promise<ApprovalRequest> {
  const said = await olga.run([...ASK, '--json']);
  expect(said.code).toBe(0);
  const { request } = (JSON.parse(said.out) as { output: { request: string } }).output;
  return found(request);
}

async function found(id: string): Promise<ApprovalRequest> {
  const request = await control.services.approvals.find(id);
  if (request === undefined) throw new Error(`${id} is not there`);
  return request;
}

async function activeTarget(): Promise<string | undefined> {
  return (await control.services.posture.read()).routes.find(({ model }) => model === 'demo')?.active;
}

/** Approves it, and gives the token. */
async function approvedToken(id: string): Promise<string> {
  const said = await ann.run(['governance', 'approve', id, '--yes', '--json']);
  expect(said.code).toBe(0);
  return (JSON.parse(said.out) as { output: { token: string } }).output.token;
}

test('without an approval it exits with 4 and prints the command that asks', async () => {
  const said = await olga.run(OPERATION);
  expect(said.code).toBe(4);
  expect(said.err).toContain('APPROVAL_MISSING');
  expect(said.err).toContain(`elulmc governance request 'deployment activate-backup' --input '{"model":"demo"}' --reason REASON`);
  expect(await activeTarget()).toBe('primary');
});

describe('signing', () => {
  test('needs a terminal or --yes, and a person who signed in here', async () => {
    const { id } = await asked();
    const said = await ann.run(['governance', 'approve', id]);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain('--yes');
    const stranger = cliFixture();
    homes.push(stranger);
    stranger.pointTo(control.url);
    expect((await stranger.run(['governance', 'approve', id, '--yes'])).err).toContain('NOT_SIGNED_IN');
    expect((await found(id)).signatures).toEqual([]);
  });

  test('shows everything that is signed, from the signed bytes', async () => {
    const { id, digest, statement } = await asked();
    const said = await ann.run(['governance', 'approve', id, '--yes']);
    expect(said.code).toBe(0);
    for (const line of [
      `request      ${id}`,
      'operation    deployment activate-backup',
      'environment  default',
      'input        {"model":"demo"}',
      'change       serve demo from backup',
      'touches      route:demo',
      `asked by     Olga (${statement.requester})`,
      'because      the primary is slow',
      `needs        1 signature until ${statement.expiresAt}`,
      `policy       ${statement.policy.sha256}`,
      `digest       ${digest}`,
    ])
      expect(said.err).toContain(line);
    expect((await found(id)).state).toBe('approved');
  });

  test('at a terminal it asks, and signs nothing that the person does not want', async () => {
    const { id } = await asked();
    const screen = terminal();
    const refused = ann.run(['governance', 'approve', id], { stdio: screen.stdio });
    await screen.seen('do not sign');
    screen.press('\u001b[B\r');
    expect((await refused).code).toBe(130);
    expect((await found(id)).signatures).toEqual([]);
    const signing = ann.run(['governance', 'approve', id], { stdio: screen.stdio });
    await screen.seen('do not sign');
    screen.press('\r');
    expect((await signing).code).toBe(0);
    expect((await found(id)).signatures).toHaveLength(1);
  });
});

describe('a server that lies', () => {
  /** What the server now says about this request. */
  function says(request: ApprovalRequest, lie: Partial<ApprovalRequest>): void {
    Object.assign(control.services.approvals, { find: () => Promise.resolve({ ...request, ...lie }) });
  }
  const approve = (id: string): Promise<Said> => ann.run(['governance', 'approve', id, '--yes']);

  test('about what is asked: the person sees what their key signs, not what the server shows', async () => {
    const request = await asked();
    const payload = payloadOf({ ...request.statement, changes: ['delete the backups\u001b[2J\u202e'] });
    says(request, { payload });
    const said = await approve(request.id);
    expect(said.err).toContain(String.raw`change       delete the backups\u{1b}[2J\u{202e}`);
    expect(said.err).toContain(`digest       ${digestOf(payload)}`);
    expect(said.err).not.toContain(`digest       ${request.digest}`);
    expect(said.err).toContain('APPROVAL_SIGNATURE_INVALID');
  });

  test.each<[string, (request: ApprovalRequest) => Partial<ApprovalRequest>, string]>([
    ['with the statement of another request', ({ statement }) => ({ payload: payloadOf({ ...statement, request: newId('apr') }) }), 'CONTROL_UNREACHABLE'],
    ['with a statement in another spelling', ({ payload }) => ({ payload: payload.replace('{', '{ ') }), 'CONTROL_UNREACHABLE'],
    [
      'with a statement that says something twice',
      ({ payload }) => ({ payload: payload.replace('{', '{"operation":"audits verify-log",') }),
      'CONTROL_UNREACHABLE',
    ],
    ['with something that is no statement', () => ({ payload: 'sign this' }), 'CONTROL_UNREACHABLE'],
    ['about where it is for', ({ statement }) => ({ payload: payloadOf({ ...statement, installation: 'ins_b' }) }), 'APPROVAL_OTHER_INSTALLATION'],
  ])('%s: nothing is signed', async (_how, lie, code) => {
    const request = await asked();
    says(request, lie(request));
    const said = await approve(request.id);
    expect(said.code).not.toBe(0);
    expect(said.err).toContain(code);
    expect(said.err).not.toContain('digest');
  });
});

describe('the call', () => {
  test('takes the id of the request, once', async () => {
    const { id } = await asked();
    await approvedToken(id);
    const said = await olga.run([...OPERATION, '--approval', id, '--json']);
    expect(said.code).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ approval: { request: id } });
    expect(await activeTarget()).toBe('backup');
    const again = await olga.run([...OPERATION, '--approval', id]);
    expect(again.code).toBe(5);
    expect(again.err).toContain('APPROVAL_USED');
  });

  test.each<[string, (token: string) => readonly string[]]>([
    ['--approval-token', (token) => ['--approval-token', token]],
    [
      '--approval-token-file',
      (token) => {
        const path = join(olga.home.root, 'token');
        writeFileSync(path, `${token}\n`);
        return ['--approval-token-file', path];
      },
    ],
  ])('takes the token: %s', async (_flag, flags) => {
    const token = await approvedToken((await asked()).id);
    expect((await olga.run([...OPERATION, ...flags(token)])).code).toBe(0);
    expect(await activeTarget()).toBe('backup');
  });

  test.each<[string, readonly string[], number, string]>([
    ['two approvals', ['--approval', newId('apr'), '--approval-token', 'abc'], 2, 'give one of them'],
    ['an id of something else', ['--approval', newId('run')], 2, '--approval is not an id of the form apr_...'],
    ['a change that is none', ['--change', 'tomorrow'], 2, '--change is not an id of the form chg_...'],
    ['a file that is not there', ['--approval-token-file', '/no/such/file'], 2, '/no/such/file cannot be read'],
    ['an empty token', ['--approval-token', ''], 2, '--approval-token is empty'],
    ['a token that is too long for a header', ['--approval-token', 'A'.repeat(48_001)], 2, '--approval apr_...'],
    ['something that is no token', ['--approval-token', 'abc'], 5, 'APPROVAL_TOKEN_INVALID'],
  ])('refuses %s', async (_what, flags, code, detail) => {
    const said = await olga.run([...OPERATION, ...flags]);
    expect(said.err).toContain(detail);
    expect(said.code).toBe(code);
    expect(await activeTarget()).toBe('primary');
  });

  test('a runbook line takes the token from a parameter, and only from a file', async () => {
    const token = await approvedToken((await asked()).id);
    const path = join(olga.home.root, 'token');
    writeFileSync(path, token);
    const line = './deployment/activate_backup.sh --model demo --approval-token $TOKEN';
    const shown = await olga.run(['run', '--set', `TOKEN=${token}`, '--', line]);
    expect(shown.code).toBe(2);
    expect(shown.err).toContain('--set-file TOKEN=PATH');
    expect((await olga.run(['run', '--yes', '--set-file', `TOKEN=${path}`, '--', line])).code).toBe(0);
    expect(await activeTarget()).toBe('backup');
  });

  test('a step of a runbook that is run takes it too, and does not ask again', async () => {
    const { id } = await asked();
    const path = join(olga.home.root, 'token');
    writeFileSync(path, await approvedToken(id));
    const book = join(olga.home.root, 'book.md');
    writeFileSync(book, '# S\n\n```bash\n./deployment/activate_backup.sh --model demo --approval-token $TOKEN\n```\n');
    const said = await olga.run(['runbook', 'run', book, '--section', 'S', '--yes', '--set-file', `TOKEN=${path}`, '--json']);
    expect(said.code).toBe(0);
    expect(said.out).toContain(id);
    expect(said.out + said.err).not.toContain(readFileSync(path, 'utf8'));
    expect((await found(id)).state).toBe('used');
  });
});

test('a request that was declined can neither be signed nor used', async () => {
  const { id } = await asked();
  const token = await approvedToken(id);
  expect((await ann.run(['governance', 'decline', id, '--reason', 'not today'])).code).toBe(0);
  expect((await olga.run(['governance', 'approvals', id])).out).toContain('not today');
  for (const said of [await ann.run(['governance', 'approve', id, '--yes']), await olga.run([...OPERATION, '--approval-token', token])]) {
    expect(said.code).toBe(5);
    expect(said.err).toContain('APPROVAL_DECLINED');
  }
});

describe('break-glass', () => {
  const REASON = 'INC-7, nobody else is awake';

  test('is for security and administrators, with a reason', async () => {
    const operator = await olga.run([...OPERATION, '--break-glass', REASON]);
    expect(operator.code).toBe(5);
    const sam = await signedIn('security', 'Sam');
    expect((await sam.run([...OPERATION, '--break-glass', 'hurry'])).code).toBe(2);
    expect(await activeTarget()).toBe('primary');
  });

  test('every sign-in shows it until another person has reviewed it', async () => {
    const sam = await signedIn('admin', 'Sam');
    const said = await sam.run([...OPERATION, '--break-glass', REASON, '--json']);
    expect(said.code).toBe(0);
    const { runId } = JSON.parse(said.out) as { runId: string };

    const later = cliFixture();
    homes.push(later);
    later.pointTo(control.url);
    const shown = await later.run(['sign-in', await control.inviteLink('viewer'), '--name', 'Vera']);
    expect(shown.err).toContain('Not reviewed yet: 1 call past approvals or windows (break-glass)');
    expect(shown.err).toContain(`${runId}  deployment activate-backup`);
    expect(shown.err).toContain(REASON);
    expect((await olga.run(['governance', 'approvals'])).out).toContain(`REVIEW ${runId}`);

    const review = ['governance', 'review-break-glass', runId, '--note', 'justified'];
    expect((await sam.run(review)).code).toBe(5);
    expect((await olga.run(review)).code).toBe(5);
    expect((await ann.run(review)).code).toBe(0);

    const after = await later.run(['sign-in', await control.inviteLink('viewer'), '--name', 'Victor']);
    expect(after.code).toBe(0);
    expect(after.err).not.toContain('Not reviewed yet');
  });
});
