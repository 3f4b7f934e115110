// A relay that can be told when to die.
// node crash-relay.ts <data folder> <port> <ms ahead>   says its link, takes deaths and times from its parent
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { nodePrimitives, nodeWorld } from '@tern/reach/node';
import { runRelay } from '@tern/relay';
import type { Command } from './crash-command.ts';
import { Moment, mortalPrimitives, mortalRelayWorld } from './crash-moment.ts';

const [data = '', port = '', ms = ''] = process.argv.slice(2);
const moment = new Moment();
const ahead = { ms: Number(ms) };
const stop = new AbortController();
process.on('message', ({ id, command }: { readonly id: number; readonly command: Command }) => {
  if (command.do === 'arm') moment.arm(command.death);
  if (command.do === 'sleep') ahead.ms = command.aheadMs;
  process.send?.({ id });
});
process.on('disconnect', () => stop.abort());

await runRelay({
  data,
  ports: [Number(port)],
  signal: stop.signal,
  world: mortalRelayWorld(nodeWorld, { moment, ahead }),
  primitives: mortalPrimitives(nodePrimitives, moment),
  print(line) {
    const [name, value] = line.split(': ');
    if (name !== 'relay link') return;
    process.send?.({ id: 0, value });
    flushCompileCache(); // who is killed cannot do it at its end
  },
});
