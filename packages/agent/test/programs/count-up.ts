// One of several processes on one store: adds one, and says so, as often as it is told.
// node count-up.ts <store file> <how often> [hold]   with `hold` it stops inside its last change, and says "holding"
import { utf8, utf8Text } from '@tern/protocol';
import { openSqliteStore } from '../../src/sqlite-store.ts';
import { machineWorld } from './machine-world.ts';

const [path = '', times = '0', hold] = process.argv.slice(2);
const place = { table: 'counts', partition: 'one' };

await using store = await openSqliteStore({
  path,
  masterKey: new Uint8Array(32).fill(7),
  world: machineWorld,
});
for (let round = 1; round <= Number(times); round += 1) {
  const last = hold !== undefined && round === Number(times);
  await store.change(async (change) => {
    const count = Number(utf8Text((await change.get(place, 'count')) ?? utf8('0')));
    await new Promise(setImmediate); // something else runs between reading and writing
    change.put(place, 'count', utf8(`${count + 1}`));
    if (!last) return;
    process.stdout.write('holding\n');
    await machineWorld.wait(600_000, { signal: new AbortController().signal });
  });
  process.stdout.write('added\n');
}
