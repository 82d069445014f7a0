import type { Rule } from '../findings/rule.ts';

export const TAR_RULES = {
  broken: {
    id: 'tar-broken-header',
    alarm: 'malformed',
    severity: 'medium',
    title: 'Tar: a header that is none',
    explanation: 'Where the header of the next member must stand there is something else, or its checksum is wrong. Readers go on at different places.',
    help: 'Fetch the file again.',
  },
  truncated: {
    id: 'tar-truncated',
    alarm: 'malformed',
    severity: 'medium',
    title: 'Tar: a part is missing',
    explanation: 'A member is longer than what is left of the file.',
    help: 'Fetch the file again.',
  },
  behind: {
    id: 'tar-bytes-behind',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Tar: bytes behind the end',
    explanation: 'There is something behind the blocks that end the archive. Some readers go on there, others do not.',
    help: 'Do not load it; have it written again.',
    references: ['CWE-436'],
  },
  throughLink: {
    id: 'tar-write-through-link',
    alarm: 'suspicious',
    severity: 'high',
    title: 'Tar: a member is written through a link',
    explanation: 'An earlier member is a link, and this one lies below it: unpacking writes to wherever the link leads.',
    help: 'Do not unpack it.',
    references: ['CWE-59'],
  },
  conflict: {
    id: 'tar-names-differ',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Tar: two headers name one member differently',
    explanation: 'Extended headers (pax and GNU) give different names for one member. Readers differ in which they take.',
    help: 'Do not load it; have it written again.',
    references: ['CWE-436'],
  },
} as const satisfies Record<string, Rule>;
