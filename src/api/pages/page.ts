import { createHash } from 'node:crypto';
import { PAGE_STYLE } from './page-style.ts';

/** A page of its own, complete with what it may do. */
export interface Page {
  readonly html: string;
  /** Content-Security-Policy: its own style and script by their digests, this server, nothing else. */
  readonly policy: string;
}

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Text for HTML, in content and in quoted attributes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** `content` is HTML of ours: everything that came from outside is escaped already. `goTo` opens another page of ours at once. */
export function makePage(page: { readonly title: string; readonly content: string; readonly script?: string; readonly goTo?: string }): Page {
  const title = escaped(page.title);
  const refresh = page.goTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${escaped(page.goTo)}">`;
  const script = page.script === undefined ? '' : `<noscript><p class="card warn">This page needs JavaScript.</p></noscript><script>${page.script}</script>`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${refresh}<title>${title}</title><style>${PAGE_STYLE}</style></head>
<body><header><div><strong>ELULMC</strong><span id="who" class="quiet"></span></div></header><main><h1>${title}</h1>${page.content}<p id="problem" role="alert"></p>${script}</main></body></html>
`;
  const policy = [
    "default-src 'none'",
    `style-src ${digest(PAGE_STYLE)}`,
    ...(page.script === undefined ? [] : [`script-src ${digest(page.script)}`, "connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text becomes text: no script of ours makes HTML, and the browser holds it to that.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return { html, policy };
}

/** Content of a page for somebody who is signed in: shown once its script (`startPage`) knows who that is. */
export function contentOnceLoaded(html: string): string {
  return `<p id="loading" class="quiet" role="status">One moment.</p><section id="unreviewed" class="card warn" hidden></section><div id="page" hidden>${html}</div>`;
}
