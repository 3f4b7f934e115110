import { nodeWorld } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { portOver } from '../src/bridge/port.ts';
import { appOver } from '../src/engine/app.ts';
import type { AppApi } from '../src/engine/app-api.ts';
import { serveEngine } from '../src/engine/engine-worker.ts';
import { Home, type HomeParts } from '../src/engine/home.ts';
import type { EngineWorker } from '../src/engine/leader.ts';
import type { Locks } from '../src/engine/locks.ts';
import { openEngine, type Engine } from '../src/engine/open-engine.ts';
import { firstOf, household, meet, never, room } from './engine-household.ts';

/** One tab whose workers die in the very moment in which what they were asked to send is written, as often as they may. */
function fatefulTab(parts: HomeParts, deaths: number): Engine {
  const suffix = crypto.randomUUID();
  const locks: Locks = {
    request: async (name, options, work) => navigator.locks.request(`${name}${suffix}`, options, work),
  };
  let left = deaths;
  return openEngine({
    version: '1',
    world: nodeWorld,
    locks,
    async createWorker(): Promise<EngineWorker> {
      const { port1, port2 } = new MessageChannel();
      const port = portOver(port2, { release: () => port2.close() });
      const dieIfFated = (): void => {
        if (left === 0) return;
        left -= 1;
        port.close();
      };
      const open = (): AppApi => {
        const home = new Home(parts);
        port.closed.addEventListener('abort', () => void home[Symbol.asyncDispose]());
        const api = appOver(home, room);
        return {
          ...api,
          async sendText(...asked) {
            const id = await api.sendText(...asked);
            dieIfFated();
            return id;
          },
          async sendFile(...asked) {
            const id = await api.sendFile(...asked);
            dieIfFated();
            return id;
          },
        };
      };
      void serveEngine(port, { open, locks }).catch(() => port.close());
      port1.start();
      return Object.assign(port1, { terminate: () => port.close() });
    },
  });
}

test('what was written when the engine died, and not yet answered, is sent once', async () => {
  await using house = await household();
  const boris = await house.person('Boris');
  const tab = fatefulTab(house.parts(), 2);
  try {
    const { api: anna } = tab;
    await anna.begin('Anna');
    await anna.addRelay(await house.relay.link(), { signal: never });
    const [hers, his] = await meet(anna, boris);
    const text = await anna.sendText(hers, 'once', {});
    const file = { blob: new Blob(['words']), name: 'a.txt', type: 'text/plain', caption: 'a file' };
    const sent = await anna.sendFile(hers, file, { signal: never });
    const last = await anna.sendText(hers, 'end', {});
    await firstOf(boris.overview, ([one]) => one?.last?.id === last);
    const { window } = await firstOf(
      (options) => boris.window(his, options),
      (update) => update.kind === 'whole',
    );
    const ids =
      'lines' in window ? window.lines.flatMap((line) => (line.kind === 'message' ? [line.id] : [])) : [];
    expect(ids).toEqual([text, sent, last]);
  } finally {
    await tab[Symbol.asyncDispose]();
  }
});
