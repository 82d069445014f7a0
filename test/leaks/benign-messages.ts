import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Sentences in other languages and scripts, written for these tests. */
const OTHER_LANGUAGES = [
  'Der Schlüssel liegt unter der Matte, und die Tür bleibt bis acht Uhr offen; danach öffnet nur noch der Hausmeister.',
  'Le réseau sera coupé mardi de dix heures à midi ; merci d’enregistrer votre travail avant l’intervention.',
  'El informe anual muestra que las ventas crecieron un doce por ciento, aunque los costes subieron también.',
  'Перед запуском проверьте, что все службы остановлены и резервная копия сделана сегодня утром.',
  'Πριν από την εκκίνηση ελέγξτε ότι όλες οι υπηρεσίες έχουν σταματήσει και υπάρχει αντίγραφο.',
  '起動する前に、すべてのサービスが停止していること、今朝のバックアップがあることを確認してください。',
  '启动之前，请确认所有服务都已停止，并且今天早上的备份已经完成。',
  'قبل التشغيل تأكد من أن جميع الخدمات متوقفة وأن النسخة الاحتياطية لهذا الصباح موجودة.',
  'Enne käivitamist veendu, et kõik teenused on peatatud ja hommikune varukoopia on olemas.',
  'Yükseltmeden önce tüm hizmetlerin durduğundan ve yedeğin alındığından emin olun 🙂👍🏽.',
];

/** Bytes that look random and are the same in every run. */
export function keyedBytes(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash('sha512')
      .update(`${seed} ${String(i)}`)
      .digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|py|md|sql|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** Files in pieces of 2,000 characters, files in turns. */
function pieces(files: readonly string[], count: number): readonly string[] {
  return files
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return Array.from({ length: Math.min(12, Math.ceil(text.length / 2000)) }, (_, i) => text.slice(i * 2000, (i + 1) * 2000));
    })
    .filter((piece) => piece.length > 200)
    .slice(0, count);
}

function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

function symbols(bytes: Buffer, alphabet: string): string {
  return Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('');
}

/** Random-looking values as programs write them: digests, keys, tokens, tables of numbers, other products' serial numbers. */
function randomMessage(i: number): string {
  const bytes = keyedBytes(`random ${String(i)}`, 1024);
  const rows = Array.from({ length: 16 }, (_, row) => bytes.subarray(row * 64, row * 64 + 64));
  const forms: readonly (() => string)[] = [
    () => bytes.toString('hex'),
    () => bytes.toString('base64'),
    () =>
      bytes
        .toString('base64url')
        .match(/.{1,76}/g)
        ?.join('\n') ?? '',
    () => symbols(bytes, BASE32),
    () => symbols(bytes, CROCKFORD),
    () => rows.map((row) => symbols(row.subarray(0, 25), CROCKFORD).replaceAll(/(.{5})(?=.)/g, '$1-')).join('\n'),
    () => rows.map((row) => `SN-${symbols(row.subarray(0, 16), CROCKFORD).replaceAll(/(.{4})(?=.)/g, '$1-')}`).join('\n'),
    () => rows.map((row) => `| ${uuid(row.subarray(0, 16))} | ${String(row.readUInt32BE(20))} | ${row.toString('hex', 24, 44)} |`).join('\n'),
    () => Array.from(bytes.subarray(0, 400)).join(' '),
    () => Array.from(bytes.subarray(0, 120), (byte) => byte.toString(2).padStart(8, '0')).join(' '),
    () => rows.map((row) => JSON.stringify({ id: uuid(row.subarray(0, 16)), at: row.readUInt32BE(16), sum: row.toString('base64', 20, 52) })).join('\n'),
    () =>
      rows
        .map(
          (row) =>
            `2026-11-28T0${String(row.readUInt8(0) % 10)}:00:00Z INFO req_${symbols(row.subarray(1, 27), CROCKFORD).toLowerCase()} 200 ${String(row.readUInt16BE(28))}ms`,
        )
        .join('\n'),
  ];
  return forms[i % forms.length]?.() ?? '';
}

/** English, source code, random values, tables and other languages: messages without any canary. */
export function benignMessages(count: number): readonly string[] {
  const passages = readFileSync(join(ROOT, 'models/passages.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const english = passages.slice(0, Math.floor(count * 0.35));
  const code = pieces(
    ['src', 'docs', 'bench', 'scripts'].flatMap((folder) => sourceFiles(join(ROOT, folder))),
    Math.floor(count * 0.3),
  );
  const languages = Array.from({ length: Math.floor(count * 0.02) }, (_, i) => OTHER_LANGUAGES.slice(i % 10, (i % 10) + 3).join('\n'));
  const rest = count - english.length - code.length - languages.length;
  return [...english, ...code, ...languages, ...Array.from({ length: rest }, (_, i) => randomMessage(i))];
}
