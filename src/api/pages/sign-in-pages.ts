import { BROWSER_SCRIPT } from './browser-script.ts';
import { escaped, makePage } from './page.ts';
import type { Page } from './page.ts';

const INVITATION_SCRIPT = `${BROWSER_SCRIPT}
const secret = location.pathname.split('/').pop();
onPress('make', async () => {
  const options = await ask('/v1/sign-in/invitation/options', { secret, name: byId('name').value });
  await ask('/v1/sign-in/invitation', { secret, label: byId('label').value, response: await makePasskey(options) });
  location.replace('/passkeys');
});
`;

const UNUSABLE = makePage({
  title: 'This link cannot be used',
  content:
    '<p>It was used already, has expired or never existed. Ask an administrator for a new one:</p><code class="block">elulmc governance invite --role ROLE</code>',
});

/**
 * The page behind a sign-in link; null for a link that cannot be redeemed. Showing it uses nothing up. Passkeys are offered
 * only where browsers allow them: on a page of the site itself.
 */
export function invitationPage(link: string | null, hasPasskeys: boolean): Page {
  if (link === null) return UNUSABLE;
  const passkey = `<form id="make" class="card"><h2>In this browser, with a passkey</h2><p class="quiet">For reading, for approving, and for signing your command lines in.</p>
<label for="name">Your name, as others see it</label><input id="name" maxlength="100" required autocomplete="name">
<label for="label">What you call this passkey</label><input id="label" maxlength="100" required value="passkey">
<button class="main">Make a passkey here</button></form>`;
  const terminal = `<section class="card"><h2>At a terminal</h2><p>In the folder of ELULMC, type:</p><code class="block">${escaped(`./bin/elulmc sign-in ${link}`)}</code><p class="quiet">A key pair is made on your machine, and approvals are signed with it.</p></section>`;
  const nowhere = '<p class="quiet">Passkeys can be made under the address of signIn.origin only.</p>';
  return makePage({
    title: 'Sign in to ELULMC',
    content: `<p>This link works once, in one of two ways. Opening this page does not use it up.</p>${hasPasskeys ? passkey : ''}${terminal}${hasPasskeys ? '' : nowhere}`,
    ...(hasPasskeys ? { script: INVITATION_SCRIPT } : {}),
  });
}

const SIGN_IN_SCRIPT = `${BROWSER_SCRIPT}
const { next } = byId('next').dataset;
onPress('use', async () => {
  await ask('/v1/sign-in/passkey', { response: await usePasskey(await ask('/v1/sign-in/passkey/options', {})) });
  location.replace(next);
});
`;

/** For people who have been here before, or whom the identity provider knows. `next` is a path of ours. */
export function signInPage(issuer: string | null, next: string): Page {
  const provider =
    issuer === null
      ? ''
      : `<section class="card"><h2>With your account</h2><p class="quiet">You are sent to the sign-in page of your organization, and back.</p><a class="button main" href="/sign-in/oidc?next=${escaped(encodeURIComponent(next))}">Sign in at ${escaped(new URL(issuer).host)}</a></section>`;
  return makePage({
    title: 'Sign in to ELULMC',
    content: `${provider}<section class="card"><h2>With a passkey</h2><p class="quiet">One that you made here before.</p><button id="use" type="button"${issuer === null ? ' class="main"' : ''}>Sign in with a passkey</button></section><span id="next" hidden data-next="${escaped(next)}"></span>
<p class="quiet">New here? Open the sign-in link that an administrator gave you (<code>elulmc governance invite</code>).</p>`,
    script: SIGN_IN_SCRIPT,
  });
}

/** After a sign-in elsewhere. Its own navigation carries the new session; the redirect of another site would not. */
export function signedInPage(next: string): Page {
  return makePage({ title: 'Signed in', content: `<p><a class="button main" href="${escaped(next)}">Go on</a></p>`, goTo: next });
}

/** Why a sign-in that a browser followed did not work. */
export function refusedPage(problem: {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly help: string;
  readonly id: string;
}): Page {
  return makePage({
    title: problem.title,
    content: `<section class="card"><p>${escaped(problem.detail)}</p><p>${escaped(problem.help)}</p><p class="quiet"><code>${escaped(problem.code)} ${escaped(problem.id)}</code></p><a class="button" href="/sign-in">Sign in again</a></section>`,
  });
}
