/**
 * Changes only when the sequence of the engine's calls in `interpret` (durable-engine.ts) changes: runs of another version are left
 * alone by the engine, and doctor lists them.
 */
export const ENGINE_VERSION = '1';
