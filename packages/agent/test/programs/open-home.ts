// node open-home.ts <dir>   opens or makes a home, writes one record under its process id, says whether it made the home
import { utf8 } from '@tern/protocol';
import { openHome } from '../../src/home.ts';
import { machineWorld } from './machine-world.ts';

const [dir = ''] = process.argv.slice(2);
await using home = await openHome({ dir, world: machineWorld, passphrase: async () => undefined });
await home.store.change(async (change) =>
  change.put({ table: 'seen', partition: '' }, `${process.pid}`, utf8('here')),
);
process.stdout.write(home.created ? 'created\n' : 'opened\n');
