/**
 * What a censor remembers of one connection: who opened it, how much went each way, and the name in its ClientHello. All rules read
 * it; none of it depends on a rule.
 */
import { type ClientHello } from '../net/client-hello.ts';
import { type Sight } from '../net/inspection.ts';
import { protocolTcp, tcpFlag, type Packet } from '../net/packet.ts';
import { glimpseName, HelloAssembly } from './hello-assembly.ts';

export type Flow = {
  readonly key: string;
  readonly protocol: number;
  readonly opener: number;
  readonly openerPort: number;
  readonly server: number;
  readonly serverPort: number;
  /** Whether the opener sits in the ISP that watches. */
  readonly openedInside: boolean;
  readonly border: boolean;
  readonly openedAt: number;
  lastAt: number;
  /** The sequence number of the opener's SYN, where one was seen. */
  readonly syn: number | undefined;
  readonly forth: Traffic;
  readonly back: Traffic;
  /** Of the opener's first bytes, while they may still become a hello. */
  assembly: HelloAssembly | undefined;
  /** The hello put together from all segments. */
  hello: ClientHello | undefined;
  /** The name as one sees it who looks at single packets. */
  glimpse: string | undefined;
  /** What each rule keeps of this flow, by the rule's place in the policy; only `markOf` reads it. */
  readonly marks: unknown[];
  /** Which rules look at it at all, by address, port, border and who opened it. */
  readonly concerns: readonly boolean[];
  /** Which rules have bitten it. */
  readonly bitten: boolean[];
};

export type Traffic = {
  /** All of them, those without payload too. */
  packets: number;
  /** Those with payload. */
  loaded: number;
  /** Payload bytes. */
  bytes: number;
};

/** What became known with the packet that was just seen. */
export type News = {
  /** From opener to server. */
  readonly forth: boolean;
  /** The hello is whole since this packet. */
  readonly hello: boolean;
  /** A name was seen in a single packet for the first time. */
  readonly glimpse: boolean;
};

/** The same for both directions of a connection. */
export function flowKeyOf(packet: Packet): string {
  const source = `${packet.source}:${packet.sourcePort}`;
  const target = `${packet.target}:${packet.targetPort}`;
  return `${packet.protocol} ${source < target ? `${source} ${target}` : `${target} ${source}`}`;
}

/** A flow that begins with this packet, still empty. */
export function beginFlow(key: string, sight: Sight): Omit<Flow, 'concerns'> {
  const { packet } = sight;
  const answered = isAnswer(packet);
  const openerFirst = { opener: packet.source, openerPort: packet.sourcePort, server: packet.target };
  const serverFirst = { opener: packet.target, openerPort: packet.targetPort, server: packet.source };
  return {
    key,
    protocol: packet.protocol,
    ...(answered ? serverFirst : openerFirst),
    serverPort: answered ? packet.sourcePort : packet.targetPort,
    openedInside: answered ? !sight.up || !sight.border : sight.up,
    border: sight.border,
    openedAt: sight.at,
    lastAt: sight.at,
    syn: isSyn(packet) ? packet.tcp?.sequence : undefined,
    forth: { packets: 0, loaded: 0, bytes: 0 },
    back: { packets: 0, loaded: 0, bytes: 0 },
    assembly: packet.protocol === protocolTcp ? new HelloAssembly() : undefined,
    hello: undefined,
    glimpse: undefined,
    marks: [],
    bitten: [],
  };
}

/** Whether this is the SYN of a new connection between the same ports, not one sent again. */
export function isAnew(flow: Flow, packet: Packet): boolean {
  return isSyn(packet) && packet.tcp?.sequence !== flow.syn;
}

/** Counts the packet and reads on in the hello. */
export function watch(flow: Flow, sight: Sight): News {
  const { packet } = sight;
  const forth = packet.source === flow.opener && packet.sourcePort === flow.openerPort;
  const traffic = forth ? flow.forth : flow.back;
  traffic.packets += 1;
  if (packet.payload.length > 0) traffic.loaded += 1;
  traffic.bytes += packet.payload.length;
  flow.lastAt = sight.at;
  const read = { forth, hello: false, glimpse: false };
  if (!forth || packet.tcp === undefined || packet.payload.length === 0) return read;
  if (flow.glimpse === undefined) {
    flow.glimpse = glimpseName(packet.payload);
    read.glimpse = flow.glimpse !== undefined;
  }
  if (flow.assembly !== undefined) {
    const begin = flow.syn === undefined ? undefined : (flow.syn + 1) >>> 0;
    const state = flow.assembly.add(packet.payload, packet.tcp.sequence, begin);
    if (state.kind !== 'part') flow.assembly = undefined;
    if (state.kind === 'hello') {
      flow.hello = state.hello;
      read.hello = true;
    }
  }
  return read;
}

/** The address inside the country or ISP, by which bites are counted. */
export function insiderOf(flow: Flow): number {
  return flow.openedInside ? flow.opener : flow.server;
}

function isSyn({ tcp }: Packet): boolean {
  return tcp !== undefined && (tcp.flags & (tcpFlag.syn | tcpFlag.acknowledge)) === tcpFlag.syn;
}

/** Whether the first packet we see of a flow comes from its server. Of TCP without a SYN the lower port is taken for the server's. */
function isAnswer(packet: Packet): boolean {
  const { tcp } = packet;
  if (tcp === undefined) return false;
  if ((tcp.flags & tcpFlag.syn) !== 0) return (tcp.flags & tcpFlag.acknowledge) !== 0;
  return packet.sourcePort < packet.targetPort;
}
