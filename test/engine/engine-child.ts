import { runEngine } from '../../src/engine/main.ts';

/** Runs the engine with the options (JSON) of its first argument, prints its port, and ends when its input does. */
const engine = await runEngine(JSON.parse(process.argv[2] ?? '') as Parameters<typeof runEngine>[0]);
process.stdout.write(`${String(engine.port)}\n`);
process.stdin.resume().once('end', () => void engine.close());
