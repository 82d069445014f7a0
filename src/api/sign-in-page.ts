import { createHash } from 'node:crypto';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:4rem auto;padding:0 1rem}code{display:block;overflow-wrap:anywhere;padding:.8rem;border:1px solid}';

/** Nothing may run or load on this page: it shows a secret. */
export const SIGN_IN_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function page(title: string, content: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head><body><h1>${title}</h1>${content}</body></html>\n`;
}

/** The page behind a sign-in link; null for a link that cannot be redeemed. Showing it uses nothing up. */
export function signInPage(link: string | null): string {
  if (link === null) {
    return page(
      'This link cannot be used',
      '<p>It was used already, has expired or never existed. Ask an administrator for a new one:</p><code>elulmc governance invite --role ROLE</code>',
    );
  }
  const command = `./bin/elulmc sign-in ${link}`;
  return page(
    'Sign in to ELULMC',
    `<p>Signing in makes a key pair on your machine, so it is done at a terminal there. In the folder of ELULMC, type:</p><code>${escaped(command)}</code><p>The link works once. Opening this page does not use it up.</p>`,
  );
}
