import { runEngine } from '../engine/main.ts';
import type { EngineRole } from '../services/installation/roles.ts';
import { runRole } from '../services/processes/child-role.ts';

export function runEngineRole(): void {
  runRole(
    async (options, channel) => {
      const engine = await runEngine({ ...(options as EngineRole), host: '127.0.0.1' });
      channel.ready({ port: engine.port });
      return engine;
    },
    (code) => process.exit(code),
  );
}
