/** Letters of other scripts that look like the ASCII letter of the same place: Cyrillic, Armenian, Greek, small capitals. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['аеорсухкмтнвіѕԁԛԝјһӏ', 'aeopcyxkmthbisdqwjhl'],
  ['ոօսցհզ', 'noughq'],
  ['αβερτοχκνιμηωγζυ', 'abeptoxkvimnwyzu'],
  ['ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢꞯ', 'abcdefghijklmnoprstuvwyzq'],
  ['АЕОРСУХКМТНВІЅԀԚԜЈҺӀЗЬ', 'aeopcyxkmthbisdqwjhl3b'],
  ['ΑΒΕΡΤΟΧΚΙΜΖΥΝΗΩΓ', 'abeptoxkimzynhwy'],
];

/** Code point to the code of the ASCII letter. */
export const CONFUSABLES: ReadonlyMap<number, number> = new Map(
  PAIRS.flatMap(([from, to]) => Array.from(from, (letter, i): [number, number] => [letter.codePointAt(0) ?? 0, to.charCodeAt(i)])),
);
