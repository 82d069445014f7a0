import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { evidenceFileText } from '../../attestation/evidence-file.ts';
import { ElulmcError } from '../../core/errors.ts';
import { answerWithout, collectFrom, keepEvidence } from '../attesting/collecting.ts';
import { ATTESTATION_PATHS, attestationFields, boundPartsOf, clockOf } from '../attesting/fields.ts';
import { choosePolicy } from '../attesting/policies.ts';
import { attestationLines, attestationOutput, worstAnswer } from '../attesting/report.ts';
import { defaultPolicy } from '../attesting/settings.ts';
import { gpuItems, judge, notBoundIn, summaryOf, verdictOf } from '../attesting/verifying.ts';
import { requirePermission } from '../authorize.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { readableHere } from '../host-paths.ts';

/** Only these: others load libraries or start programs. */
const TCTI = /^(?:device:\/dev\/tpm(?:rm)?\d{1,2}|(?:swtpm|mssim):[A-Za-z0-9=.,/_-]{1,300})$/u;

const input = z.strictObject({
  ...attestationFields,
  root: z.string().min(1).max(4096).default('/').describe('Look below this folder: a tree of interfaces that was recorded on another host.'),
  host: z.string().min(1).max(100).optional().describe('Name that the evidence is kept under. Default: the name of this host.'),
  tpm: z
    .string()
    .regex(TCTI, 'must be device:/dev/tpmrm0, or swtpm:... or mssim:... for an emulator')
    .optional()
    .describe('How tpm2-tools reach the TPM (TCTI). Default: device:/dev/tpmrm0.'),
  attestationKey: z
    .string()
    .regex(/^0x81[0-9a-fA-F]{6}$/u, 'must be a persistent handle such as 0x81010002')
    .optional()
    .describe('Persistent handle of the key of the TPM that quotes. Default: the first one that signs only what the TPM made.'),
  output: z.string().min(1).max(4096).optional().describe('Write the evidence to this file as well.'),
});

type Input = z.output<typeof input>;

const output = z.object({
  host: z.string(),
  nonce: z.string().nullable().describe('The challenge, hexadecimal; null when report data was given instead.'),
  reportData: z.string().describe('What the evidence must carry.'),
  ...attestationOutput,
  kept: z.string().nullable().describe('File that holds the evidence; null when there is none.'),
});

function checkUsage(context: OperationContext, given: Input): void {
  if (given.nonce !== undefined && given.reportData !== undefined)
    throw new ElulmcError('USAGE', 'give --nonce or --report-data, not both', { field: 'reportData' });
  const binds = given.tlsKey !== undefined || given.modelDigest !== undefined || given.gpuEvidence.length > 0;
  if (given.reportData !== undefined && binds)
    throw new ElulmcError('USAGE', '--report-data is what was bound already: give --nonce with --tls-key, --model-digest and --gpu-evidence', {
      field: 'reportData',
    });
  if (!context.local)
    for (const option of ['host', 'tpm', 'attestationKey'] as const) if (given[option] !== undefined) requirePermission(context.actor, 'operate', option);
  if (!context.local && given.output !== undefined)
    throw new ElulmcError(
      'USAGE',
      `--output names a file of your machine, which the control plane never writes: it keeps evidence below ${context.services.home.evidence}`,
      { field: 'output' },
    );
}

function writeOutput(path: string, text: string): void {
  try {
    writeFileSync(resolve(path), text, { mode: 0o600 });
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `output: ${path} cannot be written: ${(error as Error).message}`, { cause: error, field: 'output' });
  }
}

export const checkEnclave = defineOperation({
  room: 'deployment',
  name: 'check-enclave',
  runbookLine: 'deployment/check_enclave.sh',
  summary: 'Collect evidence of the enclave that this host runs in, and verify it.',
  description:
    'Looks for every interface that gives evidence of a confidential machine, asks those that are there with a fresh challenge, and verifies the answer under a policy: certificates up to the pinned roots, signatures, levels, measurements, freshness. ' +
    'It says of every interface whether it is there, may not be used by this user, or cannot be asked by this program. The answer code is 0 (verified and as the policy wants), 10 (no enclave), 11 (hints, but no interface), 12 (not verified), 13 (policy not met) or 14 (collateral missing). ' +
    'Quotes of a TPM count only where the policy lists tpm2: a TPM is no enclave. With --tls-key, --model-digest and --gpu-evidence the challenge binds the evidence to the endpoint, the model and the GPUs. The evidence is kept in the home for elulmc security verify-attestation.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  local: 'fallback',
  hostPaths: [...ATTESTATION_PATHS, 'root'],
  input,
  output,
  frameworks: { csf: 'DE.CM', atlas: ['AML.T0105', 'AML.T0112'] },
  examples: [
    'elulmc deployment check-enclave',
    'elulmc deployment check-enclave --policy racks --collateral ./collateral',
    'elulmc deployment check-enclave --policy racks --tls-key endpoint.pem --output evidence.json',
  ],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'FIELD_INVALID', 'USAGE', 'CONFIG_INVALID', 'KEY_FILE_UNSAFE', 'DATABASE_UNAVAILABLE'],
  plan: (context, given) => {
    checkUsage(context, given);
    return Promise.resolve({ changes: [], notes: [] });
  },
  perform: async (context, given) => {
    checkUsage(context, given);
    const chosen = given.policy === undefined ? await defaultPolicy(context) : await choosePolicy(context, given.policy, 'policy');
    const parts = boundPartsOf(context, given);
    const root = given.root === '/' ? '/' : readableHere(context, given.root, 'root');
    const clock = clockOf(given);
    const bytes = (hex: string | undefined): Buffer | null => (hex === undefined ? null : Buffer.from(hex, 'hex'));
    const wishes = { root, host: given.host ?? null, tcti: given.tpm ?? null, attestationKey: given.attestationKey ?? null, parts };
    const collected = await collectFrom(context, { ...wishes, nonce: bytes(given.nonce), reportData: bytes(given.reportData) }, chosen);
    const { file, looked, facts, items, question } = collected;
    const all = [...items, ...gpuItems(parts, file.host, question)];
    const { evidence, findings, answers, keyId } = judge(context, [{ name: file.host, items: all, chosen }], { collateral: given.collateral, clock });
    const answerCode = answers.length === 0 ? answerWithout(collected, chosen) : worstAnswer(answers);
    if (given.output !== undefined) writeOutput(given.output, evidenceFileText(file));
    const kept = items.length === 0 ? null : keepEvidence(context.services.home.evidence, file);
    const optional = chosen?.policy.enclave === 'optional';
    const shown = { answerCode, looked: [...looked], facts: [...facts], evidence, findings, notBound: given.reportData === undefined ? notBoundIn(parts) : [] };
    return {
      output: { host: file.host, ...file.challenge, ...shown, clock: { value: new Date(clock.ms).toISOString(), source: clock.source }, keyId, kept },
      verdict: verdictOf(answerCode, findings, optional),
      summary: summaryOf(answerCode, evidence, findings, optional),
    };
  },
  undo: 'Nothing to take back: it changes nothing but the evidence that it keeps.',
  render: (report) => [...attestationLines(report), ...(report.kept === null ? [] : [`evidence kept in ${report.kept}`])],
});
