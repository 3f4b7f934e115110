import { UsageError } from '@tern/protocol';

import { isWithin, parseAddress, parsePrefix, type Prefix } from '../net/address.ts';
import { type Inspect } from '../net/inspection.ts';
import { parsePacket, type Packet } from '../net/packet.ts';
import { chanceOf, type Chance } from './chance.ts';
import { Leg, type LinkProfile } from './link.ts';
import { LiveFlows } from './live-flows.ts';
import { answerTo, isDnsQuery, type Names } from './names.ts';
import { type Schedule } from './schedule.ts';
import { TrafficMeter, type Traffic } from './traffic.ts';

/** One machine of the internet. */
export interface HostPlan {
  readonly name: string;
  /** IPv4 addresses as text; the first one is what the host's own connections come from. */
  readonly addresses: readonly string[];
  /** The provider whose censor sees what the host sends and gets; none outside the censored country. */
  readonly isp?: string;
  /** Its access line; without one, packets arrive at once. */
  readonly link?: LinkProfile;
}

export interface RouterPlan {
  readonly hosts: readonly HostPlan[];
  /** Networks of the censored country, as `192.0.2.0/24`; every other address is outside. */
  readonly inside: readonly string[];
  readonly seed: number;
}

/** What became of a packet, for whoever watches. `nobody`: no host has its target, or its sender has not its source. */
export type Fate = 'sent' | 'lost' | 'overflow' | 'dropped' | 'injected' | 'nobody' | 'delivered';

export type Counts = Readonly<Record<Fate, number>>;

export type Watch = (fate: Fate, packet: Packet, at: number) => void;

interface Host {
  readonly plan: HostPlan;
  readonly index: number;
  readonly addresses: ReadonlySet<number>;
  readonly up: Leg;
  readonly down: Leg;
  readonly meter: TrafficMeter;
}

interface Censor {
  inspect: Inspect | undefined;
  readonly chance: Chance;
}

export interface RouterParts {
  readonly names: Names;
  readonly schedule: Schedule;
  /** Milliseconds since the beginning. */
  readonly now: () => number;
  /** Hands a packet to a host's kernel; hosts by their place in the plan. */
  readonly deliver: (host: number, packet: Uint8Array) => void;
}

/** The middle of the internet: access line, censor of the sender's provider, censor of the receiver's, access line. Knows nothing of namespaces. */
export class Router {
  readonly #hosts: readonly Host[];
  readonly #byAddress = new Map<number, Host>();
  readonly #inside: readonly Prefix[];
  readonly #censors = new Map<string, Censor>();
  readonly #flows = new LiveFlows();
  readonly #parts: RouterParts;
  readonly #counts: Record<Fate, number> = {
    sent: 0,
    lost: 0,
    overflow: 0,
    dropped: 0,
    injected: 0,
    nobody: 0,
    delivered: 0,
  };
  #watch: Watch | undefined;

  constructor(plan: RouterPlan, parts: RouterParts) {
    this.#parts = parts;
    this.#inside = plan.inside.map(parsePrefix);
    this.#hosts = plan.hosts.map((host, index) => ({
      plan: host,
      index,
      addresses: new Set(host.addresses.map(parseAddress)),
      up: new Leg(host.link?.up ?? {}, chanceOf(plan.seed, `up ${host.name}`)),
      down: new Leg(host.link?.down ?? {}, chanceOf(plan.seed, `down ${host.name}`)),
      meter: new TrafficMeter(),
    }));
    for (const host of this.#hosts) {
      for (const address of host.addresses) {
        if (this.#byAddress.has(address))
          throw new UsageError(`two hosts have an address of ${host.plan.name}`);
        this.#byAddress.set(address, host);
      }
      const { isp } = host.plan;
      if (isp !== undefined && !this.#censors.has(isp)) {
        this.#censors.set(isp, { inspect: undefined, chance: chanceOf(plan.seed, `censor ${isp}`) });
      }
    }
  }

  /** From now on this is the provider's censor; undefined lets everything pass. */
  setInspect(isp: string, inspect: Inspect | undefined): void {
    const censor = this.#censors.get(isp);
    if (censor === undefined) throw new UsageError(`no host is at the provider ${isp}`);
    censor.inspect = inspect;
  }

  /** Told of every packet, at every turn of its way. */
  setWatch(watch: Watch | undefined): void {
    this.#watch = watch;
  }

  traffic(name: string): Traffic {
    return this.#named(name).meter.read();
  }

  counts(): Counts {
    return { ...this.#counts };
  }

  /** Ends every TCP connection of a host for both sides, as when a phone changes its network. */
  cut(name: string): void {
    for (const reset of this.#flows.cut(this.#named(name).addresses)) this.#descend(reset);
  }

  /** A host's kernel has sent something. What is not IPv4 is none of the lab's. */
  take(index: number, bytes: Uint8Array): void {
    const sender = this.#hosts[index];
    const packet = parsePacket(bytes);
    if (sender === undefined || packet === undefined) return;
    sender.meter.sent(packet);
    this.#note('sent', packet);
    if (!sender.addresses.has(packet.source)) {
      this.#note('nobody', packet);
      return;
    }
    this.#through(sender.up, packet, () => this.#arrive(packet));
  }

  /** It is past the sender's access line. */
  #arrive(packet: Packet): void {
    const reset = this.#flows.see(packet);
    if (reset !== undefined) {
      this.#note('dropped', packet);
      this.#descend(reset);
      return;
    }
    if (!this.#passes(packet)) return;
    if (isDnsQuery(packet)) {
      const answer = answerTo(packet, this.#parts.names);
      if (answer !== undefined && this.#passes(answer)) this.#descend(answer);
      return;
    }
    this.#descend(packet);
  }

  /** Down the access line of whoever has the target address. */
  #descend(packet: Packet): void {
    const receiver = this.#byAddress.get(packet.target);
    if (receiver === undefined) {
      this.#note('nobody', packet);
      return;
    }
    this.#through(receiver.down, packet, () => {
      receiver.meter.received(packet);
      this.#note('delivered', packet);
      this.#parts.deliver(receiver.index, packet.bytes);
    });
  }

  #through(leg: Leg, packet: Packet, then: () => void): void {
    const passage = leg.pass(packet.bytes.length, this.#parts.now());
    if (passage.kind === 'due') this.#parts.schedule.at(passage.at, then);
    else this.#note(passage.kind, packet);
  }

  #passes(packet: Packet): boolean {
    const from = this.#byAddress.get(packet.source)?.plan.isp;
    const to = this.#byAddress.get(packet.target)?.plan.isp;
    const border = !this.#isInside(packet.source) || !this.#isInside(packet.target);
    if (from !== undefined && !this.#look(from, packet, { up: true, border })) return false;
    return to === undefined || to === from || this.#look(to, packet, { up: false, border });
  }

  /** @returns whether the packet may go on */
  #look(isp: string, packet: Packet, sight: { readonly up: boolean; readonly border: boolean }): boolean {
    const censor = this.#censors.get(isp);
    if (censor?.inspect === undefined) return true;
    const verdict = censor.inspect({ packet, at: this.#parts.now(), ...sight, chance: censor.chance });
    if (verdict.kind === 'pass') return true;
    if (verdict.kind === 'inject') {
      for (const forged of verdict.packets) {
        this.#note('injected', forged);
        this.#descend(forged);
      }
      if (!verdict.drop) return true;
    }
    this.#note('dropped', packet);
    return false;
  }

  #named(name: string): Host {
    const host = this.#hosts.find((one) => one.plan.name === name);
    if (host === undefined) throw new UsageError(`no host is called ${name}`);
    return host;
  }

  #isInside(address: number): boolean {
    return this.#inside.some((network) => isWithin(address, network));
  }

  #note(fate: Fate, packet: Packet): void {
    this.#counts[fate] += 1;
    this.#watch?.(fate, packet, this.#parts.now());
  }
}
