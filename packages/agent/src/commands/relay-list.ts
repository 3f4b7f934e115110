import type { RelayView } from '@tern/core';
import { parseRelayLink, RefusedError, type RelayLink } from '@tern/protocol';
import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';

export const relayAddCommand: Command = {
  words: ['relay', 'add'],
  operands: ['LINK'],
  about: 'use a relay, by the link that its operator gave you',
  options: {
    'trust-on-first-use': {
      about: 'use a relay whose link does not say who it is; on this machine that needs no asking',
    },
  },
  async run(call, context) {
    const link = parseRelayLink(call.operand('LINK'));
    const trustOnFirstUse = call.flag('trust-on-first-use');
    trustedRelay(link, trustOnFirstUse);
    await using opened = await openClientHome(context);
    const relay = await opened.client.addRelay(link, { signal: context.signal, trustOnFirstUse });
    context.output.result(relayObject(relay), relayWords(relay));
    await opened.synchronise();
  },
};

export const relayListCommand: Command = {
  words: ['relay', 'list'],
  operands: [],
  about: 'the relays you use',
  options: {},
  async run(_call, context) {
    await using opened = await openClientHome(context);
    await opened.synchronise();
    const relays = await opened.client.relays();
    for (const relay of relays) context.output.result(relayObject(relay), relayWords(relay));
    if (relays.length === 0 && !context.output.json) context.output.say('no relay yet: tern relay add LINK');
  },
};

export const relayRemoveCommand: Command = {
  words: ['relay', 'remove'],
  operands: ['ID'],
  about: 'use a relay no longer; ID is its id, or its address as relay list shows it',
  options: {},
  async run(call, context) {
    await using opened = await openClientHome(context);
    const wanted = call.operand('ID');
    const relays = await opened.client.relays();
    const matches = relays.filter(
      (relay) =>
        relay.origin === wanted ||
        (wanted.length >= 8 && relay.id?.startsWith(wanted.toLowerCase()) === true),
    );
    const [relay] = matches;
    const name = relay?.id ?? relay?.origin;
    if (
      matches.length !== 1 ||
      relay === undefined ||
      name === undefined ||
      !(await opened.client.removeRelay(name))
    ) {
      throw new RefusedError(
        'unknown-relay',
        `no single relay of yours is "${wanted}" (tern relay list shows them)`,
      );
    }
    context.output.result(
      { removed: relay.id ?? relay.origin, origin: relay.origin },
      line`${relay.origin} is not used any more`,
    );
    await opened.synchronise();
  },
};

export function relayObject(relay: RelayView): Readonly<Record<string, unknown>> {
  return {
    ...(relay.id !== undefined && { id: relay.id }),
    origin: relay.origin,
    canStore: relay.canStore,
    addedAt: new Date(relay.addedAt).toISOString(),
  };
}

export function relayWords(relay: RelayView): string {
  const id = relay.id ?? 'not heard of yet';
  return line`relay ${relay.origin}  (${id})${relay.canStore ? '' : ', for reading only'}`;
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

/** A link that does not say who the relay is lets anybody in between be it. @throws {RefusedError} `relay-unnamed` */
export function trustedRelay(link: RelayLink, trustOnFirstUse: boolean): void {
  if (link.hint.relay !== undefined || trustOnFirstUse || loopback.test(link.hint.address)) return;
  throw new RefusedError(
    'relay-unnamed',
    'this link does not say who the relay is, so anybody on the way could pretend to be it; --trust-on-first-use takes the risk',
  );
}
