import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeclaredRouting } from '../../src/services/posture/service.ts';

/** Kinds of changes of the posture (store/posture-writer.ts) that the steps of one run make, by the index of the step; each once. */
export const POSTURE_CHANGES: Readonly<Record<number, string>> = {
  2: 'isolate',
  3: 'move-routes',
  4: 'void-sessions',
  6: 'issue-key',
  9: 'move-routes',
  10: 'lift',
};

export const STEPS = 12;
/** Steps that are processes: each appends one line to a file of its own. */
export const PROCESSES: readonly number[] = [1, 5, 11];
export const CONFIRMATIONS: readonly number[] = [0, 7];
export const APPROVED: readonly number[] = [3, 9];
export const ISSUE_KEY = 6;
export const CHANGE_REQUEST = 8;
export const SECTION = 'Drill';

/** A lane is what one run at a time works on: a route and its primary, so that runs of different lanes are not in each other's way. */
export interface Lane {
  readonly number: number;
  readonly text: string;
  readonly file: string;
}

function textOf(number: number): string {
  const model = `lane-${String(number)}`;
  const primary = `primary-${String(number)}`;
  return `# Chaos on ${model}

## ${SECTION}

- Say that the drill may begin.

\`\`\`bash
./append.sh $RUN 1
elulmc security isolate-system --upstream ${primary} --reason $RUN
\`\`\`

\`\`\`bash {name=fail-over approve=2}
elulmc deployment activate-backup --model ${model}
\`\`\`

\`\`\`bash
./governance/revoke_all_sessions.py
./append.sh $RUN 5
elulmc governance issue-key --name $RUN
\`\`\`

- Attach what you have seen.

\`\`\`bash
elulmc governance change-request --title $RUN --risk change --rollback "there is nothing to take back"
\`\`\`

\`\`\`bash {name=back approve=2}
elulmc deployment resume-operations --model ${model} --restore-routes
\`\`\`

\`\`\`bash
elulmc deployment resume-operations --upstream ${primary}
./append.sh $RUN 11
\`\`\`
`;
}

// Time to be interrupted before and after its effect.
const APPEND = `#!/bin/sh
sleep 0.1
echo "$$" >> "marks/$1.$2"
sleep 0.1
`;

/** Writes the runbooks of the lanes and the program of their processes into `folder`. */
export function writeLanes(folder: string, count: number): readonly Lane[] {
  mkdirSync(join(folder, 'marks'));
  const program = join(folder, 'append.sh');
  writeFileSync(program, APPEND);
  chmodSync(program, 0o755);
  return Array.from({ length: count }, (_, number) => {
    const file = join(folder, `lane-${String(number)}.md`);
    const text = textOf(number);
    writeFileSync(file, text, { mode: 0o644 });
    return { number, text, file };
  });
}

/** File that the process at this index of a run appends to. */
export function markFile(folder: string, runId: string, index: number): string {
  return join(folder, 'marks', `${runId}.${String(index)}`);
}

/** Every model server is the same one at `url`. */
export function routingOf(lanes: readonly Lane[], url: string): DeclaredRouting {
  const numbers = lanes.map(({ number }) => String(number));
  return {
    streamGraceMs: 0,
    upstreams: numbers.flatMap((number) =>
      ['primary', 'backup'].map((name) => ({ name: `${name}-${number}`, url, engine: 'embedded' as const, tokenFile: null })),
    ),
    routes: numbers.map((number) => ({
      model: `lane-${number}`,
      targets: [{ upstream: `primary-${number}`, model: 'clean', weight: 1 }],
      backup: { upstream: `backup-${number}`, model: 'clean', weight: 1 },
    })),
    passThrough: [],
  };
}
