/**
 * On some ports only DNS, HTTP and TLS may be spoken: when the first two packets with data from the client, taken together, begin like none
 * of them, the rest is dropped for 60 seconds, and whatever the client sends into it starts the time anew. No reassembly; only
 * connections opened from inside (Bock et al., "Detecting and Evading Censorship-in-Depth", FOCI 2020; catalogue T23).
 */
import { ban as banSeconds, flag, ports, type Fields } from '../../scenario/field.ts';
import { dropped, markOf, type Bite, type Look } from '../look.ts';
import { looksPermitted } from '../permitted-beginning.ts';
import { type Which, whichFields } from '../which.ts';

export type ProtocolList = Which & {
  readonly technique: 'protocol-list';
  readonly dropSeconds: number;
  readonly restarts: boolean;
};

export const protocolListFields: Fields<ProtocolList> = {
  ...whichFields,
  ports: ports([53, 80, 443]),
  dropSeconds: banSeconds({ least: 1, most: 3600 }, 60),
  restarts: flag(true),
};

const judgedPackets = 2;
const keptBytes = 16;

type Mark = { beginning: readonly number[]; state: 'watched' | 'allowed' | 'dropped'; until: number };

export function protocolList(rule: ProtocolList, look: Look): Bite {
  const { packet, news, at } = look;
  if (packet.tcp === undefined || !news.forth || packet.payload.length === 0) return undefined;
  const mark = markOf(look, (): Mark => ({ beginning: [], state: 'watched', until: 0 }));
  if (mark.state === 'watched') judge(mark, look);
  if (mark.state !== 'dropped') return undefined;
  if (mark.until === 0) mark.until = at + rule.dropSeconds * 1000;
  if (at >= mark.until) {
    mark.state = 'allowed';
    return undefined;
  }
  if (rule.restarts) mark.until = at + rule.dropSeconds * 1000;
  return dropped;
}

function judge(mark: Mark, { packet, flow }: Look): void {
  // a connection that stood before anybody looked is let be
  if (flow.syn === undefined || flow.forth.loaded > judgedPackets) {
    mark.state = 'allowed';
    return;
  }
  mark.beginning = [...mark.beginning, ...packet.payload.subarray(0, keptBytes)].slice(0, keptBytes);
  if (looksPermitted(Uint8Array.from(mark.beginning))) mark.state = 'allowed';
  else if (flow.forth.loaded === judgedPackets) mark.state = 'dropped';
}

export function wordsOfProtocolList(rule: ProtocolList): string {
  const anew = rule.restarts ? ', anew from each packet sent into it' : '';
  return `a connection whose first two packets look like neither DNS nor HTTP nor TLS loses what the client sends, for ${Math.round(rule.dropSeconds)} s${anew}`;
}
