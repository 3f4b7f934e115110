/** One ISP's censor with hand-made packets before it, and a clock that is moved by hand. */
import { inspect } from '../../src/censor/inspect.ts';
import { beginBlock, createMemory, type Memory } from '../../src/censor/memory.ts';
import { type Policy } from '../../src/censor/policy.ts';
import { parseAddress } from '../../src/net/address.ts';
import { type Verdict } from '../../src/net/inspection.ts';
import { makeTcp, makeUdp, tcpFlag, type Ends, type Packet } from '../../src/net/packet.ts';
import { decodeScenario, drawPolicies } from '../../src/scenario/scenario.ts';
import { madeHello, type HelloPlan } from './made-hello.ts';

export const hosts = {
  client: '192.0.2.100',
  otherClient: '192.0.2.101',
  abroad: '203.0.113.10',
  otherAbroad: '198.51.100.20',
  home: '192.0.2.50',
  resolver: '192.0.2.53',
} as const;

type RuleText = Readonly<Record<string, unknown>>;

/** Rules as a scenario file has them, so that they get their defaults. */
export function scenarioText(
  rules: readonly RuleText[],
  other: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    format: 1,
    id: 'test',
    title: 'a test',
    source: 'made by hand',
    about: 'to see one rule at work',
    isps: { 'isp-1': { rules }, 'isp-2': { rules: [] } },
    target: { level: 'A' },
    controls: [],
    ...other,
  });
}

export function policyOf(...rules: readonly RuleText[]): Policy {
  return drawPolicies(decodeScenario(scenarioText(rules)), { seed: 1 })['isp-1'];
}

export class WatchedWire {
  readonly policy: Policy;
  readonly memory: Memory;
  readonly verdicts: Verdict[] = [];
  /** What `chance` yields, in turn; then 0.5. */
  chances: number[] = [];
  nowMs = 1000;

  constructor(...rules: readonly RuleText[]) {
    this.policy = policyOf(...rules);
    this.memory = createMemory(this.policy);
  }

  /** A wire whose block has begun. */
  static blocked(...rules: readonly RuleText[]): WatchedWire {
    const wire = new WatchedWire(...rules);
    wire.block();
    return wire;
  }

  block(): void {
    beginBlock(this.memory, this.nowMs);
  }

  wait(milliseconds: number): void {
    this.nowMs += milliseconds;
  }

  see(packet: Packet): Verdict {
    const verdict = inspect(
      {
        packet,
        at: this.nowMs,
        up: isInside(packet.source),
        border: isInside(packet.source) !== isInside(packet.target),
        chance: () => this.chances.shift() ?? 0.5,
      },
      this.memory,
      this.policy,
    );
    this.verdicts.push(verdict);
    return verdict;
  }

  /** A connection whose handshake is still to come. */
  tcp(options: TcpOptions = {}): MadeTcp {
    return new MadeTcp(this, options);
  }

  /** A connection that has been opened and has said its hello. */
  tls(name: string | undefined, options: TcpOptions & HelloPlan = {}): MadeTcp {
    const connection = this.tcp(options);
    connection.open();
    connection.hello({ ...options, ...(name === undefined ? {} : { name }) });
    return connection;
  }

  datagram(payload: Uint8Array, options: TcpOptions = {}): Verdict {
    return this.see(makeUdp(endsOf({ port: 443, ...options }), payload));
  }

  answerDatagram(payload: Uint8Array, options: TcpOptions = {}): Verdict {
    return this.see(makeUdp(turned(endsOf({ port: 443, ...options })), payload));
  }
}

function isInside(address: number): boolean {
  return address >>> 8 === parseAddress('192.0.2.0') >>> 8;
}

export type TcpOptions = {
  readonly from?: string;
  readonly fromPort?: number;
  readonly to?: string;
  readonly port?: number;
};

function endsOf({ from = hosts.client, fromPort = 40_000, to = hosts.abroad, port = 443 }: TcpOptions): Ends {
  return { source: parseAddress(from), target: parseAddress(to), sourcePort: fromPort, targetPort: port };
}

function turned({ source, target, sourcePort, targetPort }: Ends): Ends {
  return { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
}

let portsGiven = 0;

/** Segments of one connection with true sequence numbers. */
export class MadeTcp {
  readonly #wire: WatchedWire;
  readonly ends: Ends;
  /** The next sequence number of either side. */
  next = { client: 5000, server: 9_000_000 };

  constructor(wire: WatchedWire, options: TcpOptions) {
    this.#wire = wire;
    portsGiven += 1;
    this.ends = endsOf({ fromPort: 20_000 + (portsGiven % 40_000), ...options });
  }

  syn(): Verdict {
    const verdict = this.#up(tcpFlag.syn, new Uint8Array());
    this.next.client += 1;
    return verdict;
  }

  synAck(): Verdict {
    const verdict = this.#down(tcpFlag.syn | tcpFlag.acknowledge, new Uint8Array());
    this.next.server += 1;
    return verdict;
  }

  /** The three packets of the handshake. */
  open(): readonly Verdict[] {
    return [this.syn(), this.synAck(), this.ack()];
  }

  ack(): Verdict {
    return this.#up(tcpFlag.acknowledge, new Uint8Array());
  }

  serverAck(): Verdict {
    return this.#down(tcpFlag.acknowledge, new Uint8Array());
  }

  send(payload: Uint8Array | number): Verdict {
    const bytes = typeof payload === 'number' ? new Uint8Array(payload).fill(0xa5) : payload;
    const verdict = this.#up(tcpFlag.acknowledge | tcpFlag.push, bytes);
    this.next.client += bytes.length;
    return verdict;
  }

  /** The same segment as one that was sent before. */
  sendAgain(payload: Uint8Array, sequence: number): Verdict {
    return this.#wire.see(
      makeTcp(this.ends, this.#part(tcpFlag.acknowledge, sequence, this.next.server), payload),
    );
  }

  answer(payload: Uint8Array | number): Verdict {
    const bytes = typeof payload === 'number' ? new Uint8Array(payload).fill(0x5a) : payload;
    const verdict = this.#down(tcpFlag.acknowledge | tcpFlag.push, bytes);
    this.next.server += bytes.length;
    return verdict;
  }

  /** In one segment. */
  hello(plan: HelloPlan): Verdict {
    return this.send(madeHello(plan));
  }

  /** In segments of so many bytes. */
  helloInPieces(plan: HelloPlan, bytes: number): readonly Verdict[] {
    const hello = madeHello(plan);
    const verdicts: Verdict[] = [];
    for (let place = 0; place < hello.length; place += bytes) {
      verdicts.push(this.send(hello.subarray(place, place + bytes)));
    }
    return verdicts;
  }

  #up(flags: number, payload: Uint8Array): Verdict {
    const part = this.#part(flags, this.next.client, flags === tcpFlag.syn ? 0 : this.next.server);
    return this.#wire.see(makeTcp(this.ends, part, payload));
  }

  #down(flags: number, payload: Uint8Array): Verdict {
    return this.#wire.see(
      makeTcp(turned(this.ends), this.#part(flags, this.next.server, this.next.client), payload),
    );
  }

  #part(flags: number, sequence: number, acknowledgement: number): MadePart {
    return { flags, sequence, acknowledgement };
  }
}

type MadePart = { readonly flags: number; readonly sequence: number; readonly acknowledgement: number };

export const kindOf = ({ kind }: Verdict): Verdict['kind'] => kind;
export const kindsOf = (verdicts: readonly Verdict[]): readonly Verdict['kind'][] => verdicts.map(kindOf);
