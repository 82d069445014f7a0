import { BROWSER_SCRIPT } from './browser-script.ts';
import { contentOnceLoaded, makePage } from './page.ts';

const SCRIPT = `${BROWSER_SCRIPT}
let found;
const lookUp = async () => {
  found = byId('code').value;
  const device = await ask('/v1/sign-in/device/find', { userCode: found });
  byId('shown').textContent = found.toUpperCase().replace(/[^A-Z]/g, '').replace(/^.{4}/, '$&-');
  describe('device', [['Machine', device.name], ['Fingerprint', element('code', groups(device.keyId.slice(0, 32)))], ['Ends', moment(device.expiresAt)]]);
  show('form', false);
  show('question');
};
onPress('form', lookUp);
const decide = (path, done) => async () => {
  await ask(path, { userCode: found });
  show('question', false);
  byId('done').textContent = done;
};
onPress('confirm', decide('/v1/sign-in/device/confirm', 'Confirmed. The command line is signed in as you now; you can close this page.'));
onPress('refuse', decide('/v1/sign-in/device/refuse', 'Refused. Nothing was signed in.'));
startPage(async () => {
  byId('code').value = new URLSearchParams(location.search).get('code') || '';
  if (byId('code').value !== '') await lookUp().catch((error) => say(error.message));
});
`;

/** Where somebody lets a command line act for them. */
export const DEVICE_PAGE = makePage({
  title: 'Sign a command line in',
  content:
    contentOnceLoaded(`<form id="form" class="card"><label for="code">The code that your terminal shows</label><input id="code" maxlength="20" required autocapitalize="characters" autocomplete="off" spellcheck="false"><button class="main">Look it up</button></form>
<div id="question" hidden><section class="card"><h2>This command line wants to act as you</h2><p id="shown" class="code"></p><dl id="device"></dl></section>
<section class="card warn"><h2>Did you start this yourself, just now?</h2>
<p>Compare the code and the fingerprint with your own terminal. If somebody sent you this link or this code, or asks you for it, they want to sign in as you: refuse.</p>
<p>Once confirmed, the machine can do everything that you may do, and its key signs approvals in your name.</p>
<button id="confirm" type="button">Confirm: it is my terminal</button><button id="refuse" class="main" type="button">Refuse</button></section></div>
<p id="done" role="status"></p>`),
  script: SCRIPT,
});
