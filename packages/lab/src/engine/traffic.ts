import { formatAddress } from '../net/address.ts';
import { protocolTcp, protocolUdp, type Packet } from '../net/packet.ts';

/** Whole IP packets, headers included. */
export interface Amount {
  readonly packets: number;
  readonly bytes: number;
}

/** What one host sent and got, as its bill would count it: what it sent counts even where it was lost on the way. */
export interface Traffic {
  readonly sent: Amount;
  readonly received: Amount;
  readonly flows: readonly FlowTraffic[];
}

/** One connection (or pair of UDP ports), seen from the host. */
export interface FlowTraffic {
  readonly protocol: 'tcp' | 'udp' | 'other';
  readonly localPort: number;
  /** As text, `203.0.113.10`. */
  readonly remote: string;
  readonly remotePort: number;
  readonly sent: Amount;
  readonly received: Amount;
}

interface Tally {
  packets: number;
  bytes: number;
}

interface Flow {
  readonly protocol: number;
  readonly localPort: number;
  readonly remote: number;
  readonly remotePort: number;
  readonly sent: Tally;
  readonly received: Tally;
}

/** Counts for one host. */
export class TrafficMeter {
  readonly #sent: Tally = { packets: 0, bytes: 0 };
  readonly #received: Tally = { packets: 0, bytes: 0 };
  readonly #flows = new Map<string, Flow>();

  sent(packet: Packet): void {
    add(this.#sent, packet);
    add(this.#flow(packet.protocol, packet.sourcePort, packet.target, packet.targetPort).sent, packet);
  }

  received(packet: Packet): void {
    add(this.#received, packet);
    add(this.#flow(packet.protocol, packet.targetPort, packet.source, packet.sourcePort).received, packet);
  }

  /** A copy of how it stands. */
  read(): Traffic {
    const flows = [...this.#flows.values()].map((flow) => ({
      protocol: nameOf(flow.protocol),
      localPort: flow.localPort,
      remote: formatAddress(flow.remote),
      remotePort: flow.remotePort,
      sent: { ...flow.sent },
      received: { ...flow.received },
    }));
    return { sent: { ...this.#sent }, received: { ...this.#received }, flows };
  }

  #flow(protocol: number, localPort: number, remote: number, remotePort: number): Flow {
    const key = `${protocol} ${localPort} ${remote} ${remotePort}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const flow: Flow = {
      protocol,
      localPort,
      remote,
      remotePort,
      sent: { packets: 0, bytes: 0 },
      received: { packets: 0, bytes: 0 },
    };
    this.#flows.set(key, flow);
    return flow;
  }
}

function add(tally: Tally, packet: Packet): void {
  tally.packets += 1;
  tally.bytes += packet.bytes.length;
}

function nameOf(protocol: number): FlowTraffic['protocol'] {
  if (protocol === protocolTcp) return 'tcp';
  return protocol === protocolUdp ? 'udp' : 'other';
}
