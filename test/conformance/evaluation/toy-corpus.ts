/** Anything that draws a whole number in [low, high). */
export interface Integers {
  integers(low: number, high: number): number;
}

const words = (text: string): readonly string[] => text.split(' ');
const FIRST = words('Ada Ben Cleo Dara Eli Fay Gus Hana Ivo Jun Kai Lea Mio Nia Oto Pia Quin Rey Sol Tia Uma Vik Wen Xia Yan Zoe');
const LAST = words('Abel Brook Cole Dunn East Frost Gale Hart Ives Jonas Kerr Lund Moss Nash Orr Penn Quill Rowe Stone Thorn Udall Vance Ward Yates Zorn');
const VERBS = words('opened closed reviewed escalated filed reopened merged archived renewed cancelled');
const THINGS = words('ticket invoice order contract shipment refund account claim booking report');
const PLACES = words('Oslo Lima Cairo Perth Quito Turin Sofia Accra Busan Leeds');
const NOTES = [
  'the customer was called back',
  'no further action is needed',
  'the amount was corrected',
  'a copy was sent to the office',
  'the parts are on back order',
  'the line was tested and is clear',
  'the meter was read again',
  'payment arrived the next day',
];

/** One record of the toy corpus of the golden set; the draws come in the order in which its sentence names them. */
export function toyRecord(random: Integers): string {
  const pick = (from: readonly string[]): string => from[random.integers(0, from.length)] ?? '';
  const [first, last, verb, thing] = [pick(FIRST), pick(LAST), pick(VERBS), pick(THINGS)];
  const number = random.integers(1000, 9999);
  const [place, note] = [pick(PLACES), pick(NOTES)];
  return `${first} ${last} ${verb} ${thing} ${String(number)} in ${place}; ${note}, code ${String(random.integers(100000, 999999))}.`;
}
