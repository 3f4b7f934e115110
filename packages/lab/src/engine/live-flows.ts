import { makeTcp, tcpFlag, type Ends, type Packet } from '../net/packet.ts';

interface Flow {
  readonly ends: readonly [number, number];
  /** By sender: what it sent last with an acknowledgement, which says up to where it has everything. */
  readonly last: Map<string, Packet>;
  cut: boolean;
  /** who has said that nothing more will come; where both have, there is nothing left to cut */
  readonly ended: Set<string>;
}

/** The idlest ones are forgotten first. */
const mostFlows = 20_000;

/** The TCP connections of the world, so that they can be cut as when a phone changes its network: both ends are told by a reset. */
export class LiveFlows {
  readonly #flows = new Map<string, Flow>();

  /** @returns what a connection that was cut answers to the packet, which then goes no further */
  see(packet: Packet): Packet | undefined {
    const { tcp } = packet;
    if (tcp === undefined) return undefined;
    const sender = `${packet.source}:${packet.sourcePort}`;
    const receiver = `${packet.target}:${packet.targetPort}`;
    const key = sender < receiver ? `${sender} ${receiver}` : `${receiver} ${sender}`;
    const known = this.#flows.get(key);
    this.#flows.delete(key);
    const { syn, acknowledge, reset, fin } = tcpFlag;
    if ((tcp.flags & reset) !== 0) return undefined;
    const isFirst = (tcp.flags & (syn | acknowledge)) === syn;
    const flow = known === undefined || isFirst ? newFlow(packet) : known;
    this.#flows.set(key, flow);
    this.#forget();
    if (flow.cut) return resetTo(packet);
    if ((tcp.flags & fin) !== 0) flow.ended.add(sender);
    if ((tcp.flags & acknowledge) !== 0) flow.last.set(sender, packet);
    return undefined;
  }

  /** @returns a reset for each end of every connection that one of the addresses has */
  cut(addresses: ReadonlySet<number>): readonly Packet[] {
    const flows = [...this.#flows.values()].filter(
      ({ cut, ends, ended }) => !cut && ended.size < 2 && ends.some((address) => addresses.has(address)),
    );
    for (const flow of flows) flow.cut = true;
    return flows.flatMap(({ last }) => [...last.values()].map(resetTo));
  }

  #forget(): void {
    if (this.#flows.size <= mostFlows) return;
    const [oldest] = this.#flows.keys();
    if (oldest !== undefined) this.#flows.delete(oldest);
  }
}

function newFlow({ source, target }: Packet): Flow {
  return { ends: [source, target], last: new Map(), cut: false, ended: new Set() };
}

/** As if from the other end, at the very place where the sender waits for more: RFC 5961 3.2 takes a reset at no other. */
function resetTo({ source, target, sourcePort, targetPort, tcp }: Packet): Packet {
  const ends: Ends = { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
  return makeTcp(ends, { sequence: tcp?.acknowledgement ?? 0, acknowledgement: 0, flags: tcpFlag.reset });
}
