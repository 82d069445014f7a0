/** A span in which a window is open: occurrences of one window that touch each other are one span. */
export interface OpenWindow {
  readonly name: string;
  readonly kind: 'maintenance' | 'blackout';
  /** Null: everything. */
  readonly systems: readonly string[] | null;
  readonly opensAt: string;
  /** Not before this instant: a window that is renewed on and on is followed for a while only. */
  readonly closesAt: string;
}

/**
 * Maintenance and blackout windows of config.yaml. Instants are RFC 3339. FIELD_INVALID names an instant that is none, a span that
 * is empty or longer than 400 days, or a window that opens too often in it.
 */
export interface WindowService {
  /** Windows about any of these systems that are open at this instant. No system means that everything is touched. */
  openAt(at: string, systems: readonly string[]): readonly OpenWindow[];
  /** Windows about any of these systems that overlap the span, in the order of their start. */
  between(from: string, to: string, systems: readonly string[]): readonly OpenWindow[];
  /** Of these systems those that a maintenance window names: they are changed inside of one, or by a scheduled change. */
  maintained(systems: readonly string[]): readonly string[];
}
