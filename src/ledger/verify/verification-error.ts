/** What is stored does not agree with what was signed, or is malformed. `place` names the file: `checkpoint`, `tile/0/003`. */
export class VerificationError extends Error {
  readonly place: string;

  constructor(place: string, reason: string) {
    super(`${place}: ${reason}`);
    this.name = 'VerificationError';
    this.place = place;
  }
}
