import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { checkRunbook } from '../../src/runbook/check.ts';
import { parseRunbook, readRunbookFile } from '../../src/runbook/parse.ts';
import { PROGRAM_RUNBOOKS, listRunbooks } from '../../src/runbook/runbook-files.ts';
import { findSection, stepsOf } from '../../src/runbook/sections.ts';
import { NO_TRUSTED_RUNBOOKS } from '../../src/runbook/trusted-runbooks.ts';

/** Every procedure of the document this project starts from, and which section of which runbook does it. */
const PROCEDURES: readonly (readonly [procedure: string, runbook: string, section: string])[] = [
  ['a compromised model: what is done at once', 'model-compromise', 'Immediate Actions'],
  ['a compromised model: finding out', 'model-compromise', 'Investigation'],
  ['a compromised model: coming back', 'model-compromise', 'Recovery'],
  ['a leak: what machines find', 'data-leak', 'Automated Detection'],
  ['a leak: what people find', 'data-leak', 'Manual Investigation'],
  ['every day', 'daily', 'Daily Checks'],
  ['every week', 'weekly', 'Weekly Maintenance'],
  ['every month', 'monthly', 'Monthly Procedures'],
  ['a new model: before it is deployed', 'model-update', 'Pre-deployment Validation'],
  ['a new model: step by step to production', 'model-update', 'Staged Deployment'],
  ['a change of infrastructure: asking for it', 'infrastructure-change', 'Change Management'],
  ['a change of infrastructure: carrying it out', 'infrastructure-change', 'Execution'],
  ['an alert has come in', 'alert-response', 'Alert Response'],
  ['making backups', 'backup', 'Backup Procedures'],
  ['restoring for real', 'recovery-testing', 'Recovery Testing'],
  ['trouble: a model does not answer', 'model-not-responding', 'Model Not Responding'],
  ['trouble: slow', 'performance-degradation', 'Performance Degradation'],
  ['trouble: misuse or attack', 'security-alert', 'Security Alerts'],
  ['every hour: the models are still what they were', 'model-integrity', 'Scheduled Check'],
  ['a model is no longer what it was', 'model-integrity', 'After a violation'],
];
/** What the document states without a step. */
const STATED = [
  ['alert-response', 'Critical Alerts', ['model-integrity', 'unauthorized-access', 'data-exfiltration', 'performance-degradation']],
  ['alert-response', 'Contact Information', ['security operations centre', 'engineer on call', 'emergency escalation']],
] as const;

const NAMES = [...new Set(PROCEDURES.map(([, runbook]) => runbook))];

function textOf(name: string): string {
  return readRunbookFile(`${PROGRAM_RUNBOOKS}/${name}.md`);
}

test('these runbooks come with the program, and no other', async () => {
  const known = await listRunbooks(catalogue, [PROGRAM_RUNBOOKS], NO_TRUSTED_RUNBOOKS);
  expect(known.map(({ path }) => basename(path, '.md'))).toEqual([...NAMES].sort());
});

describe.each(NAMES)('%s', (name) => {
  test('has a name and a description, and every command line binds', async () => {
    const document = await parseRunbook(textOf(name));
    expect(document.name).toBe(name);
    expect(document.description).toMatch(/^\S.{10,119}$/);
    const report = await checkRunbook(catalogue, textOf(name));
    expect(report.lines.filter(({ operation }) => operation === null)).toEqual([]);
    expect(report.bound).toBeGreaterThan(0);
  });

  test('says with each step for a person what is left behind, and each fence has a name', async () => {
    const { steps } = await parseRunbook(textOf(name));
    for (const { kind, text, line, attributes } of steps) {
      if (kind === 'command') expect({ line, name: attributes.name }).toEqual({ line, name: expect.any(String) as string });
      else expect(text, `line ${String(line)}`).toMatch(/[.)]$/);
    }
  });
});

test.each(PROCEDURES)('%s: %s, section %s, has steps', async (_procedure, name, section) => {
  const document = await parseRunbook(textOf(name));
  expect(stepsOf(document, findSection(document, section)).length).toBeGreaterThan(0);
});

test.each(STATED)('%s states %s', async (name, section, words) => {
  const text = textOf(name);
  const document = await parseRunbook(text);
  const index = findSection(document, section);
  const start = document.sections[index ?? -1]?.line ?? 0;
  const next = document.sections.find(({ line }) => line > start)?.line;
  const own = text.split('\n').slice(start, next).join('\n');
  for (const word of words) expect(own).toContain(word);
});

test('whatever takes a model out of service or back asks for what the door asks for, and the way back needs another person', async () => {
  const { steps } = await parseRunbook(textOf('model-compromise'));
  const resume = steps.filter(({ text }) => text.includes('resume-operations'));
  expect(resume.map(({ attributes }) => attributes.approve)).toEqual([1]);
  const stop = steps.filter(({ text }) => text.includes('emergency_isolation'));
  expect(stop.map(({ attributes }) => attributes.approve)).toEqual([0]);
});
