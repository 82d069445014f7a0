/** A text of an object under a key that matters, with where it stands. */
export interface NamedText {
  readonly text: string;
  readonly offset: number;
}

/** An object or array while it is open, with the texts that are its own. Arrays keep their first one under `0`. */
export interface Frame {
  readonly kind: 'object' | 'array';
  /** Its name in the object around it, or the one of the array that it is in. */
  readonly key: string;
  readonly offset: number;
  readonly texts: Map<string, NamedText[]>;
  /** Objects and arrays right inside of it, by their key, without what is in those. */
  readonly inner: Map<string, Frame[]>;
  readonly keys: Set<string>;
}
