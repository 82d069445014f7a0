/**
 * What the scripts of all pages begin with. They build the page from text only (textContent), never from HTML, and talk to
 * this server alone. No library: a page that asks for a signature must be readable in one sitting.
 */
export const BROWSER_SCRIPT = `
'use strict';
const byId = (id) => document.getElementById(id);
const say = (text) => {
  byId('problem').textContent = text;
  if (text !== '') byId('problem').scrollIntoView({ block: 'nearest' });
};
const show = (id, isShown = true) => { byId(id).hidden = !isShown; };
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
/** A digest in groups that people can compare. */
const groups = (digest) => digest.match(/.{1,4}/g).join(' ');

/** No text may turn the line around or hide a part of itself: what is signed is what is read. */
const visible = (text, lines) => text.replace(/[\\p{Cc}\\p{Cf}\\u2028\\u2029]/gu, (character) => (lines && character === '\\n' ? character : '\\\\u{' + character.codePointAt(0).toString(16) + '}'));

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== '') made.textContent = visible(text, name === 'pre');
  made.append(...children);
  return made;
}

/** A moment in the words and the time zone of whoever reads. */
function moment(at) {
  const made = element('time', new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' }));
  made.dateTime = at;
  made.title = at;
  return made;
}

/** Fills a description list from [name, text or element] pairs. */
function describe(id, pairs) {
  byId(id).replaceChildren(...pairs.flatMap(([name, value]) => [element('dt', name), value instanceof Node ? element('dd', '', value) : element('dd', String(value))]));
}

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.detail + ' (' + value.code + ')'), { code: value.code });
  return value;
}

const operate = async (name, input) => (await ask('/v1/operations/governance/' + name, input)).output;

/** Who is signed in; leaves for the sign-in page when nobody is. */
async function me() {
  try {
    return await ask('/v1/me');
  } catch (error) {
    if (error.code === 'NOT_SIGNED_IN') location.assign('/sign-in?next=' + encodeURIComponent(location.pathname + location.search));
    throw error;
  }
}

/** What went past approvals is shown to everybody who signs in, until somebody has reviewed it. */
function showUnreviewed({ count, uses }) {
  const lines = uses.slice(0, 20).map((use) => element('li', use.operation + ' by ' + use.actor + ': ' + use.reason + ' ', element('code', use.runId), ' ', moment(use.at)));
  byId('unreviewed').replaceChildren(
    element('h2', 'Not reviewed yet: ' + count + (count === 1 ? ' call' : ' calls') + ' past approvals or windows'),
    element('ul', '', ...lines),
    element('code', 'elulmc governance review-break-glass RUN --note NOTE'),
  );
  show('unreviewed', count > 0);
}

/** Fills the page for whoever is signed in, then shows it. */
async function startPage(fill) {
  try {
    const who = await me();
    byId('who').textContent = visible(who.name + ' \u00b7 ' + who.role);
    if (who.unreviewedBreakGlass !== null) showUnreviewed(who.unreviewedBreakGlass);
    await fill(who);
    show('page');
  } catch (error) {
    say(error.message);
  }
  show('loading', false);
}

/** Does the work of a form, or of a button outside of one; says what went wrong. */
function onPress(id, work) {
  const pressed = byId(id);
  const button = pressed.tagName === 'FORM' ? pressed.querySelector('button') : pressed;
  pressed.addEventListener(pressed.tagName === 'FORM' ? 'submit' : 'click', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say('');
    try {
      await work();
    } catch (error) {
      say(error.name === 'NotAllowedError' ? 'The passkey was not used: it was cancelled, took too long, or there is none for this site.' : error.message);
    } finally {
      button.disabled = false;
    }
  });
}

function needPasskeys() {
  if (!('credentials' in navigator) || typeof PublicKeyCredential === 'undefined') throw new Error('This browser has no passkeys here: use another one, or the command line.');
}

async function makePasskey(options) {
  needPasskeys();
  const made = await navigator.credentials.create({ publicKey: {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials || []).map((each) => ({ ...each, id: toBytes(each.id) })),
  } }).catch((error) => {
    throw error.name === 'InvalidStateError' ? new Error('This device has a passkey of yours already.') : error;
  });
  const { clientDataJSON, attestationObject } = made.response;
  const transports = made.response.getTransports ? made.response.getTransports() : [];
  return { id: made.id, response: { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject), transports } };
}

async function usePasskey(options) {
  needPasskeys();
  const used = await navigator.credentials.get({ publicKey: {
    ...options,
    challenge: typeof options.challenge === 'string' ? toBytes(options.challenge) : options.challenge,
    allowCredentials: (options.allowCredentials || []).map((each) => ({ ...each, id: toBytes(each.id) })),
  } });
  const { authenticatorData, clientDataJSON, signature, userHandle } = used.response;
  const text = (buffer) => (buffer === null ? null : toText(buffer));
  return { id: used.id, response: { authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature), userHandle: text(userHandle) } };
}
`;
