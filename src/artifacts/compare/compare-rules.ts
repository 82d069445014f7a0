import type { Rule } from '../findings/rule.ts';

export const COMPARE_INVENTORY: Rule = {
  id: 'compare-inventory',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Tensors were added, are missing, or have another shape or type than before',
  explanation: 'Training changes values, not the tensors that a model has. Another shape or an additional tensor is another architecture under the same name.',
  help: 'Ask the publisher for the reason. Evaluate the model as a new one.',
};

export const COMPARE_CONCENTRATED: Rule = {
  id: 'compare-concentrated-change',
  alarm: 'suspicious',
  severity: 'high',
  title: 'A few tensors were changed in few directions',
  explanation:
    'Fine-tuning moves all layers a little. Editing methods that plant a fact or a trigger change one or a few matrices by a matrix of rank one, or single rows or values.',
  help: 'Do not promote it before its behaviour was tested against the previous version; ask who made the change and how.',
  references: ['arXiv:2508.00161', 'CWE-506'],
};

export const COMPARE_OUTLIER: Rule = {
  id: 'compare-spectral-outlier',
  alarm: 'suspicious',
  severity: 'high',
  title: 'The change of one tensor stands out',
  explanation:
    'All tensors were changed, and one of them much more, or in one direction where the others changed in all: a planted change under an ordinary training looks like that.',
  help: 'Do not promote it before its behaviour was tested against the previous version.',
  references: ['arXiv:2508.00161', 'CWE-506'],
};

export const COMPARE_ISOLATED: Rule = {
  id: 'compare-isolated-change',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Single layers were changed and their neighbours were not',
  explanation: 'Training changes every layer of a kind, or the last ones. That some in between changed alone is no training that anybody does.',
  help: 'Ask the publisher for the reason, and test the behaviour against the previous version.',
};

export const COMPARE_UNREADABLE: Rule = {
  id: 'compare-unreadable',
  alarm: 'malformed',
  severity: 'high',
  title: 'A version cannot be compared',
  explanation: 'Headers or tensors of one of the two are not sound.',
  help: 'Scan the file by itself: the finding there says what is wrong.',
};

export const ADAPTER_OUTLIER: Rule = {
  id: 'adapter-spectral-outlier',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'A module of the adapter stands out',
  explanation:
    'The update of one module is far stronger, or lies in far fewer directions, than those of the same kind. Adapters that were trained to answer a trigger show it in their singular values; an unusual training does so too.',
  help: 'Test the behavior with and without the adapter before it is served, and give clean adapters of the same base model as --baseline.',
  references: ['arXiv:2602.15195', 'CWE-506'],
};
