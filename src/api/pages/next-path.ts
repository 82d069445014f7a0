const AFTER_SIGN_IN = '/passkeys';
const PATHS = [/^\/passkeys$/, /^\/device(\?code=[A-Za-z-]{1,20})?$/, /^\/approvals\/apr_[0-9a-z]{26}$/];

/** Where to go after a sign-in: a page of ours by name, whatever a link says. */
export function nextPath(given: unknown): string {
  return typeof given === 'string' && PATHS.some((path) => path.test(given)) ? given : AFTER_SIGN_IN;
}
