import { BROWSER_SCRIPT } from './browser-script.ts';
import { contentOnceLoaded, makePage } from './page.ts';
import type { Page } from './page.ts';

const SCRIPT = `${BROWSER_SCRIPT}
const id = location.pathname.split('/').pop();
const { payloadType, roles } = byId('facts').dataset;
let who;
let request;
let passkeys = [];
const items = (texts, name = 'ul') => element(name, '', ...texts.map((text) => element('li', text)));

/** DSSE: what a signature is made over. */
function preAuthenticationEncoding(payload) {
  return utf8('DSSEv1 ' + utf8(payloadType).length + ' ' + payloadType + ' ' + utf8(payload).length + ' ' + payload);
}

/** Why this person cannot approve it here; the server decides all the same. */
function obstacle(statement) {
  if (statement.requester === who.id) return 'You asked for this yourself: somebody else approves it.';
  if (request.signatures.some((each) => each.person === who.id)) return 'You have signed this request.';
  if (!roles.split(' ').includes(who.role)) return 'Approving needs the role ' + roles.split(' ').join(' or ') + '; you have the role ' + who.role + '.';
  return '';
}

async function load() {
  const { requests } = await operate('approvals', { request: id });
  request = requests[0];
  // What is shown as signed is read from the very bytes that will be signed.
  const statement = JSON.parse(request.payload);
  const digest = hex(await crypto.subtle.digest('SHA-256', utf8(request.payload)));
  if (digest !== request.digest || statement.request !== id) throw new Error('What the server sent does not fit together: do not approve this.');
  byId('state').textContent = request.state;
  byId('state').className = 'state state-' + request.state;
  describe('asked', [['By', request.requesterName || statement.requester], ['Reason', request.reason], ['At', moment(request.createdAt)]]);
  describe('statement', [
    ['Operation', element('code', statement.operation)],
    ['Changes', statement.changes.length === 0 ? 'none' : items(statement.changes, 'ol')],
    ['Input', Object.keys(statement.input).length === 0 ? 'none' : element('pre', JSON.stringify(statement.input, undefined, 2))],
    ['Objects', statement.touches.length === 0 ? 'none' : items(statement.touches.map((each) => each.object + ' in version ' + each.version.slice(0, 16)))],
    ['Environment', statement.environment],
    ['Installation', element('code', statement.installation)],
    ['Asked for by', element('code', statement.requester)],
    ['Signatures needed', String(statement.policy.required)],
    ['Until', moment(statement.expiresAt)],
    ['SHA-256', element('code', groups(digest))],
  ]);
  const signers = request.signatures.map((each) => element('li', (each.name || each.person) + ', ', moment(each.at)));
  const so = [['Signed by', signers.length === 0 ? 'nobody yet' : element('ul', '', ...signers)]];
  if (request.declined !== null) so.push(['Declined by', request.declined.by], ['Reason', request.declined.reason]);
  if (request.usedBy !== null) so.push(['Used by', element('code', request.usedBy)]);
  describe('sofar', so);
  const why = request.state === 'open' ? obstacle(statement) : '';
  byId('obstacle').textContent = why;
  show('obstacle', why !== '');
  show('decide', request.state === 'open' && why === '');
  show('enrol', passkeys.length === 0);
  show('approve', passkeys.length > 0);
}

onPress('approve', async () => {
  const challenge = new Uint8Array(await crypto.subtle.digest('SHA-256', preAuthenticationEncoding(request.payload)));
  const allowCredentials = passkeys.map((key) => ({ type: 'public-key', id: key.credential.id, transports: key.credential.transports }));
  const { id: used, response } = await usePasskey({ challenge, rpId: passkeys[0].credential.rpId, userVerification: 'required', timeout: 300000, allowCredentials });
  const { authenticatorData, clientDataJSON, signature } = response;
  const key = passkeys.find((each) => each.credential.id === used);
  await operate('approve', { request: id, keyId: key.id, signature: toText(utf8(JSON.stringify({ authenticatorData, clientDataJSON, signature }))) });
  await load();
  byId('done').textContent = 'Signed. You can close this page.';
});
onPress('decline', async () => {
  await operate('decline', { request: id, reason: byId('reason').value });
  await load();
  byId('done').textContent = 'Declined: it can be neither signed nor used any more.';
});
startPage(async (person) => {
  who = person;
  passkeys = (await operate('list-keys', {})).keys.filter((key) => key.kind === 'webauthn' && key.removedAt === null);
  await load();
});
`;

/** Where an approver reads a request and signs it with a passkey, or declines. `payloadType` is that of the DSSE envelope, `roles` those that approve. */
export function makeApprovalPage(payloadType: string, roles: readonly string[]): Page {
  return makePage({
    title: 'Request for an approval',
    content: `<span id="facts" hidden data-payload-type="${payloadType}" data-roles="${roles.join(' ')}"></span>${contentOnceLoaded(`<p><span id="state" class="state"></span></p>
<section class="card"><h2>Why it is asked for</h2><dl id="asked"></dl></section>
<section class="card"><h2>What a signature covers</h2><dl id="statement"></dl></section>
<section class="card"><h2>So far</h2><dl id="sofar"></dl></section>
<p id="obstacle" class="card warn" hidden></p>
<section id="decide" class="card" hidden><h2>Your decision</h2>
<p>Your passkey signs exactly what stands under “What a signature covers”, once.</p>
<p id="enrol" hidden>You have no passkey here. <a href="/passkeys">Make one</a>, or approve at a command line: <code>elulmc governance approve</code>.</p>
<button id="approve" class="main" type="button">Approve with a passkey</button>
<form id="decline"><label for="reason">Or decline it, for this reason</label><input id="reason" maxlength="500" required><button>Decline</button></form></section>
<p id="done" role="status"></p>`)}`,
    script: SCRIPT,
  });
}
