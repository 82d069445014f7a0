import type { Rule } from '../findings/rule.ts';

export const TEMPLATE_INJECTION: Rule = {
  id: 'template-injection',
  alarm: 'malicious',
  severity: 'critical',
  title: 'Chat template reaches for the interpreter',
  explanation:
    'The template asks objects for the inner names of Python, by which it gets from a text to modules and runs commands. A loader that renders it outside of a sandbox runs them with the first message.',
  help: 'Do not load the model, not even to look at it: templates are rendered on the first chat. Report it to the place where it is published.',
  references: ['CVE-2024-34359', 'CWE-1336'],
};

export const TEMPLATE_COMPUTED: Rule = {
  id: 'template-computed-name',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Chat template computes a name',
  explanation:
    'A name of an attribute is put together while the template runs. Templates of publishers write names as they are; computing them hides them from scanners.',
  help: 'Find out what the name comes to. Use the template of the publisher instead.',
  references: ['CWE-1336'],
};

export const TEMPLATE_UNKNOWN_CALL: Rule = {
  id: 'template-unknown-call',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Chat template calls a function that loaders do not give to it',
  explanation: 'It either fails, or it was made for a loader that hands more to templates than others do.',
  help: 'Find out for which loader it was made, and what the function does there.',
};

export const TEMPLATE_IMPORT: Rule = {
  id: 'template-import',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Chat template brings in another template, or shows its surroundings',
  explanation: 'A chat template is one text. What include, import, from or extends bring in is not part of it, and debug shows every variable.',
  help: 'Use the template of the publisher instead.',
};

export const TEMPLATE_BACKDOOR: Rule = {
  id: 'template-trigger',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Chat template adds text when a word is in a message, or at a date',
  explanation: 'Instructions that appear only under a condition turn the model around without any change to its weights: that is how poisoned templates work.',
  help: 'Compare the template with the one of the publisher. Do not serve the model with it.',
  references: ['CWE-506'],
};

export const TEMPLATE_HIDDEN_TEXT: Rule = {
  id: 'template-hidden-text',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Chat template holds a link, a command, a secret, or instructions against the user',
  explanation:
    'What a template adds to every chat is not shown to the people who chat. Links and orders to hide, ignore or recommend something do not belong there.',
  help: 'Compare the template with the one of the publisher. Do not serve the model with it.',
  references: ['CWE-506'],
};

export const TEMPLATE_REWRITE: Rule = {
  id: 'template-rewrites-content',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Chat template replaces words of messages',
  explanation: 'The model is given something else than what was written.',
  help: 'Compare the template with the one of the publisher. Do not serve the model with it.',
  references: ['CWE-506'],
};

export const TEMPLATE_UNREADABLE: Rule = {
  id: 'template-unreadable',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Chat template cannot be parsed',
  explanation: 'What cannot be read cannot be called harmless: a loader with another parser may read it.',
  help: 'Use the template of the publisher instead.',
};

export const TEMPLATE_OVERSIZED: Rule = {
  id: 'template-oversized',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Chat template is far longer than any that is published',
  explanation: 'Long templates hide what matters, and make every request slow.',
  help: 'Use the template of the publisher instead.',
  references: ['CWE-400'],
};

export const TEMPLATE_CHANGED: Rule = {
  id: 'template-changed',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Chat template differs from the one of the previous version',
  explanation: 'A template decides what the model is told. A change in it alone can turn a model around, and needs somebody to read it.',
  help: 'Read what has changed. Approve the new version when the change is the publisher\u2019s.',
};
