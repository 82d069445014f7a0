import { BROWSER_SCRIPT } from './browser-script.ts';
import { contentOnceLoaded, makePage } from './page.ts';

const SCRIPT = `${BROWSER_SCRIPT}
async function list() {
  const { keys } = await operate('list-keys', {});
  const buttons = [];
  byId('keys').replaceChildren(...keys.filter((key) => key.removedAt === null).map((key) => {
    const remove = element('button', 'Remove');
    remove.type = 'button';
    remove.id = 'remove-' + key.id;
    remove.setAttribute('aria-label', 'Remove ' + key.label);
    buttons.push([remove.id, key]);
    const kind = element('span', (key.kind === 'webauthn' ? 'Passkey' : 'Key of a command line') + ', since ', moment(key.createdAt));
    kind.className = 'quiet';
    return element('li', '', element('strong', key.label), element('br', ''), kind, element('br', ''), element('code', groups(key.id)), element('br', ''), remove);
  }));
  show('none', buttons.length === 0);
  for (const [button, key] of buttons) onPress(button, async () => {
    if (!confirm('Remove ' + visible(key.label) + '? What it signed in is signed out, and it never comes back.')) return;
    await operate('remove-key', { key: key.id });
    // This browser may have been signed in with it.
    await startPage(list);
  });
}
onPress('add', async () => {
  const response = await makePasskey(await ask('/v1/passkeys/options', {}));
  await ask('/v1/passkeys', { label: byId('label').value, response });
  await list();
});
onPress('out', async () => {
  await ask('/v1/sign-out', {});
  location.replace('/sign-in');
});
startPage(list);
`;

/** Somebody's own keys. */
export const PASSKEYS_PAGE = makePage({
  title: 'Your keys',
  content: contentOnceLoaded(`<p>Approvals are signed with these keys. Their private halves never leave your devices.</p>
<section class="card"><ul id="keys" class="keys"></ul><p id="none" hidden>You have no key: make a passkey to sign approvals with.</p></section>
<form id="add" class="card"><h2>Add a passkey</h2><label for="label">What you call it</label><input id="label" maxlength="100" required value="passkey"><button class="main">Make a passkey here</button></form>
<section class="card"><h2>Sign out</h2><p>Ends this browser’s session. Your keys stay.</p><button id="out" type="button">Sign out</button></section>`),
  script: SCRIPT,
});
