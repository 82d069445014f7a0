import { isText } from '../scan/sniff.ts';

/** Whether bytes are text without any control character but tabs and line ends: short messages can pass for UTF-8. */
export function isPlainText(head: Buffer): boolean {
  return isText(head) && !head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}
