const BLOCK = 512;

export interface MadeTarMember {
  readonly name: string;
  readonly data?: Buffer;
  readonly type?: string;
  readonly link?: string;
  /** Stated instead of the truth. */
  readonly size?: number;
}

function header({ name, type = '0', link = '', size }: MadeTarMember, length: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write(`${(size ?? length).toString(8).padStart(11, '0')}\0`, 124);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(link, 157, 100);
  block.write('ustar\0' + '00', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Writes a tar that says what it is told to, with the two blocks that end it. */
export function makeTar(members: readonly MadeTarMember[], end = 2): Buffer {
  const parts = members.flatMap((member) => {
    const data = member.data ?? Buffer.alloc(0);
    return [header(member, data.length), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(end * BLOCK)]);
}

/** A record of a pax header: its length counts itself. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return Buffer.from(`${String(length)}${rest}`);
}
