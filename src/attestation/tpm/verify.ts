import { createPublicKey } from 'node:crypto';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { readEventLog } from './event-log.ts';
import { readImaList } from './ima-list.ts';
import type { MeasuredFile } from './ima-list.ts';
import { tpmPolicyShape } from './policy.ts';
import type { TpmPolicy } from './policy.ts';
import { isAttestationKey, readPublicArea } from './public-area.ts';
import type { TpmPublicArea } from './public-area.ts';
import { readTpmQuote } from './quote.ts';
import type { TpmQuote } from './quote.ts';
import { replay } from './replay.ts';
import { isSignedBy, readTpmSignature } from './signature.ts';

const IMA_PCR = 10;

/** Every check, in the order in which they decide. */
const CHECKS = {
  'ak-public': ['malformed'],
  'ak-restricted': ['ak-not-restricted'],
  'ak-name': ['ak-unknown'],
  'ak-pem': ['ak-unknown', 'malformed'],
  quote: ['malformed', 'wrong-type'],
  signature: ['malformed'],
  'quote-signature': ['bad-signature'],
  nonce: ['nonce-mismatch'],
  'required-pcrs': ['pcr-not-quoted'],
  'event-log': ['malformed'],
  'ima-list': ['malformed', 'event-log-mismatch'],
  replay: ['event-log-mismatch'],
  'pcr-digest': ['measurement-not-allowed'],
  files: ['measurement-not-allowed'],
} as const satisfies Readonly<Record<string, readonly ReasonCode[]>>;

function inputOf({ inputs }: Given, name: string): Buffer {
  const bytes = inputs[name];
  if (bytes === undefined) throw new EvidenceError('malformed', `the input ${name} was not given`);
  return bytes;
}

function demandSamePem(pem: Buffer, { key }: TpmPublicArea): void {
  let found;
  try {
    found = createPublicKey(pem);
  } catch {
    throw new EvidenceError('malformed', 'the PEM text is no public key');
  }
  if (!found.equals(key)) throw new EvidenceError('ak-unknown', 'the PEM text is another key than the public area');
}

function checkKey(list: CheckList, given: Given, policy: TpmPolicy): TpmPublicArea | undefined {
  const area = list.try('ak-public', () => readPublicArea(inputOf(given, 'pub')));
  list.after('ak-restricted', { 'ak-public': area }, (it) => {
    if (!isAttestationKey(it['ak-public']))
      throw new EvidenceError('ak-not-restricted', `attributes ${it['ak-public'].attributes.toString(16)}: the key also signs what no TPM made`);
  });
  list.after('ak-name', { 'ak-public': area }, (it) => {
    const found = it['ak-public'].name.toString('hex');
    if (!policy.ak_names.includes(found))
      throw new EvidenceError('ak-unknown', 'the key is not enrolled', { expected: policy.ak_names.join(' or ') || 'nothing', found });
  });
  const pem = given.inputs['pem'];
  if (pem === undefined) list.notApplicable('ak-pem', 'none was given');
  else list.after('ak-pem', { 'ak-public': area }, (it) => demandSamePem(pem, it['ak-public']));
  return area;
}

/** Whether the quote answers the challenge. Also for the quote of a vTPM. */
export function checkNonce(list: CheckList, name: string, nonce: Buffer | undefined, quote: TpmQuote | undefined): void {
  if (nonce === undefined) list.notApplicable(name, 'no challenge was given');
  else
    list.after(name, { quote }, ({ quote: { extraData } }) => {
      if (!extraData.equals(nonce))
        throw new EvidenceError('nonce-mismatch', 'the quote answers another question', { expected: nonce.toString('hex'), found: extraData.toString('hex') });
    });
}

function checkSelection(list: CheckList, quote: TpmQuote | undefined, { required_pcrs: required, files }: TpmPolicy): void {
  list.after('required-pcrs', { quote }, ({ quote: { selection } }) => {
    const missing = [...new Set(files === undefined ? required : [...required, IMA_PCR])].filter((pcr) => !selection.includes(pcr));
    if (missing.length > 0)
      throw new EvidenceError('pcr-not-quoted', 'PCRs are missing', { expected: `also ${missing.join(', ')}`, found: selection.join(', ') || 'none' });
  });
}

/** The measured files that the quote proves; empty without a list; undefined when the logs do not lead to the quote. */
function checkLogs(list: CheckList, { inputs: { eventlog, ima } }: Given, quote: TpmQuote | undefined, policy: TpmPolicy): readonly MeasuredFile[] | undefined {
  const events = eventlog === undefined ? [] : list.try('event-log', () => readEventLog(eventlog));
  if (eventlog === undefined) list.notApplicable('event-log', 'none was given');
  const files = ima === undefined ? [] : list.try('ima-list', () => readImaList(ima));
  if (ima === undefined) list.notApplicable('ima-list', 'none was given');
  if (eventlog === undefined && ima === undefined && policy.pcr_digest !== undefined) {
    list.notApplicable('replay', 'there is no log; the policy pins the digest itself');
    return [];
  }
  return list.after('replay', { quote, 'event-log': events, 'ima-list': files }, (it) => {
    const proved = replay(it.quote, it['event-log'], it['ima-list']);
    return it['ima-list'].slice(0, proved);
  });
}

/** Every entry of a file must have the digest: one that was measured twice was another file in between. */
function demandFiles(measured: readonly MeasuredFile[], wanted: Readonly<Record<string, string>>): void {
  for (const [path, sha256] of Object.entries(wanted)) {
    const found = measured.filter((file) => file.path === path).map(({ digest }) => digest ?? 'changed while in use');
    if (found.length > 0 && found.every((digest) => digest === `sha256:${sha256}`)) continue;
    throw new EvidenceError('measurement-not-allowed', 'a file was not measured as expected', {
      expected: `${path} sha256:${sha256}`,
      found: found.join(', ') || 'not measured',
    });
  }
}

function appraise(list: CheckList, quote: TpmQuote | undefined, measured: readonly MeasuredFile[] | undefined, policy: TpmPolicy): void {
  const { pcr_digest: pinned, files } = policy;
  if (pinned === undefined) list.notApplicable('pcr-digest', 'the policy does not ask');
  else
    list.after('pcr-digest', { quote }, ({ quote: { pcrDigest } }) => {
      const found = pcrDigest.toString('hex');
      if (found !== pinned) throw new EvidenceError('measurement-not-allowed', 'other PCR values', { expected: pinned, found });
    });
  if (files === undefined) list.notApplicable('files', 'the policy does not ask');
  else list.after('files', { replay: measured }, (it) => demandFiles(it.replay, files));
}

function verifyTpm(given: Given, policy: TpmPolicy): CheckList {
  const list = new CheckList();
  const area = checkKey(list, given, policy);
  const quote = list.try('quote', () => readTpmQuote(given.evidence));
  const signature = list.try('signature', () => readTpmSignature(inputOf(given, 'sig')));
  list.after('quote-signature', { 'ak-public': area, signature }, (it) => {
    if (!isSignedBy(it['ak-public'], it.signature, given.evidence)) throw new EvidenceError('bad-signature', 'the key has not signed this quote');
  });
  checkNonce(list, 'nonce', given.challenge.nonce, quote);
  checkSelection(list, quote, policy);
  const measured = checkLogs(list, given, quote, policy);
  appraise(list, quote, measured, policy);
  return list;
}

/** A quote of a TPM 2.0 with its event log and its list of measured files. `pcrs` is never believed: values come from the logs. */
export const tpmKind = defineKind({
  inputs: ['sig', 'pub', 'pem', 'eventlog', 'ima', 'pcrs'],
  challenge: 'nonce',
  roots: [],
  checks: CHECKS,
  shape: tpmPolicyShape,
  verify: verifyTpm,
});
