/** The one style of all pages: the browser's own fonts, light and dark, readable on a telephone. Text has a contrast of 4.5 or more. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #fff; --ink: #1b1e23; --quiet: #565e6b; --line: #dde1e8; --edge: #7c8592;
  --accent: #0b57d0; --on-accent: #fff; --good: #146c2e; --bad: #b3261e; --warn: #8a4b00; --warn-card: #fff6e5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --card: #1a1e23; --ink: #e7e9ec; --quiet: #a5adb9; --line: #333942; --edge: #828b98;
    --accent: #a8c7fa; --on-accent: #062e6f; --good: #8fdba4; --bad: #f5b5b0; --warn: #f5c07a; --warn-card: #2b2213;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header { border-bottom: 1px solid var(--line); background: var(--card); }
header div, main { max-width: 46rem; margin: 0 auto; }
header div { padding: .75rem 1rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; }
header strong { letter-spacing: .08em; }
main { padding: 1.5rem 1rem 4rem; }
h1, h2 { text-wrap: balance; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .25rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: .5rem 0; }
a { color: var(--accent); }
code, pre, kbd { font: .875rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre, .block { display: block; margin: .25rem 0; white-space: pre-wrap; padding: .7rem .8rem; background: var(--page); border: 1px solid var(--line); border-radius: .5rem; }
.card { margin: 1rem 0; padding: 1.1rem 1.15rem; background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
.warn { border-color: var(--warn); background: var(--warn-card); }
.quiet { color: var(--quiet); }
.code { font: 600 1.9rem/1.3 ui-monospace, monospace; letter-spacing: .12em; }
label { display: block; margin: .9rem 0 .3rem; font-weight: 500; }
input { font: inherit; width: 100%; min-height: 2.75rem; padding: .5rem .7rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); color: inherit; }
button, .button { font: inherit; font-weight: 500; display: inline-block; min-height: 2.75rem; margin: .9rem .5rem 0 0; padding: .55rem 1.1rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--card); color: inherit; text-decoration: none; cursor: pointer; }
button:hover, .button:hover { border-color: var(--accent); }
.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.main:hover { filter: brightness(1.08); }
button:disabled { opacity: .55; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: minmax(7.5rem, auto) 1fr; gap: .45rem 1rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
dd ol, dd ul { margin: 0; padding-left: 1.25rem; }
.keys { list-style: none; margin: 0; padding: 0; }
.keys li { padding: .9rem 0; border-top: 1px solid var(--line); }
.keys li:first-child { border-top: 0; padding-top: 0; }
.state { display: inline-block; padding: .1rem .65rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .875rem; font-weight: 600; color: var(--quiet); }
.state-open { color: var(--warn); }
.state-approved, .state-used { color: var(--good); }
.state-declined, .state-expired { color: var(--bad); }
[hidden] { display: none; }
[role=alert]:not(:empty) { margin-top: 1rem; padding: .8rem 1rem; border: 2px solid var(--bad); border-radius: .6rem; background: var(--card); }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dt { margin-top: .7rem; } dt:first-child { margin-top: 0; } button, .button { width: 100%; text-align: center; } }
`;
