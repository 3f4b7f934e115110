import type { RelayView } from '@tern/core';
import { parseRelayLink, RefusedError } from '@tern/protocol';
import { openAnyHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';
import { wrong } from '../command-line.ts';
import { relayObject, relayWords, trustedRelay } from './relay-list.ts';

export const initCommand: Command = {
  words: ['init'],
  operands: [],
  about: 'make an identity; offline if no relay is given',
  options: {
    name: { value: 'NAME', about: 'how others see you' },
    relay: { value: 'LINK', repeated: true, about: 'a relay to use, by the link that its operator gave you' },
    'trust-on-first-use': { about: 'use a relay whose link does not say who it is' },
  },
  notes: ['With TERN_PASSPHRASE set, or a passphrase typed in, the home opens with that passphrase only.'],
  async run(call, context) {
    const name = call.value('name');
    if (name === undefined) throw wrong(initCommand, '--name is missing');
    const trustOnFirstUse = call.flag('trust-on-first-use');
    const links = call.values('relay').map(parseRelayLink);
    for (const link of links) trustedRelay(link, trustOnFirstUse);
    await using opened = await openAnyHome(context, { create: true });
    const { client, home } = opened;
    const { output } = context;
    const known = await client.me();
    if (known !== undefined)
      throw new RefusedError('already', `${home.dir} is the home of ${known.name} already`);
    const me = await client.init(name);
    if (home.created && home.protection === 'file') {
      output.say(
        `no passphrase: whoever can read ${home.dir} can read everything in it (TERN_PASSPHRASE sets one for a new home)`,
      );
    }
    const relays: RelayView[] = [];
    try {
      for (const link of links)
        relays.push(await client.addRelay(link, { signal: context.signal, trustOnFirstUse }));
    } catch (cause) {
      output.say('the identity is made, only a relay is missing: tern relay add LINK adds one');
      throw cause;
    }
    output.result(
      { name: me.name, id: me.person, safetyNumber: me.safetyNumber, relays: relays.map(relayObject) },
      [line`${me.name}, your safety number is ${me.safetyNumber}`, ...relays.map(relayWords)].join('\n'),
    );
    if (relays.length > 0) await opened.synchronise();
  },
};
