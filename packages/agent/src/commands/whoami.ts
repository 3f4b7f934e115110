import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';
import { relayObject, relayWords } from './relay-list.ts';

export const whoamiCommand: Command = {
  words: ['whoami'],
  operands: [],
  about: 'your name, safety number and relays',
  options: {},
  async run(_call, context) {
    await using opened = await openClientHome(context);
    const { me, client } = opened;
    const relays = await client.relays();
    context.output.result(
      {
        name: me.name,
        id: me.person,
        device: me.device,
        safetyNumber: me.safetyNumber,
        relays: relays.map(relayObject),
      },
      [
        line`${me.name}  (${me.person})`,
        line`safety number ${me.safetyNumber}`,
        ...(relays.length === 0 ? ['no relay yet: tern relay add LINK'] : relays.map(relayWords)),
      ].join('\n'),
    );
    await opened.synchronise();
  },
};
