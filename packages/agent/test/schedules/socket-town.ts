import { renewLeaf } from '@tern/core/testing';
import type { ConversationId, PersonId } from '@tern/protocol';
import { DialError } from '@tern/reach/testing';
import { testCertificates } from '@tern/relay/testing';
import { CuttingNetwork, type Door, type Met } from './cutting-network.ts';
import { here } from './prepared.ts';
import type { QuickWorld } from './quick-world.ts';
import { Records } from './schedule-check.ts';
import type { PersonName, RelayName } from './schedule.ts';
import { SocketPerson } from './socket-person.ts';
import { SocketRelay } from './socket-relay.ts';
import type { SocketSchedule, SocketStep } from './socket-schedule.ts';

type Of<D extends SocketStep['do']> = Extract<SocketStep, { readonly do: D }>;

interface House {
  readonly relay: SocketRelay;
  readonly doors: readonly { readonly host: string; readonly door: Door }[];
}

const { first, second } = testCertificates;
const authorities = `${first.cert}${second.cert}`;
/** The first relay has a certificate for each of its names, the second one for both. */
const houses = {
  first: { hosts: ['one.relay.example', 'two.relay.example'], certificates: [first, second] },
  second: { hosts: ['one.third.example', 'two.third.example'], certificates: [second] },
} as const;
const people = ['anna', 'boris'] as const;
const talk = 'anna-boris';
const { signal: forever } = new AbortController();

/** Two people who have met, two relays and the network between them, over real sockets. */
export class SocketTown implements AsyncDisposable {
  /** what no client and no relay may do, whatever happens to it */
  readonly mischief: string[] = [];
  readonly #world: QuickWorld;
  readonly #network: CuttingNetwork;
  readonly #houses = new Map<RelayName, House>();
  readonly #people = new Map<PersonName, SocketPerson>();
  /** names that nobody knows just now, relays included */
  readonly #dead = new Set<string>();
  /** of each one, what begins only when what was before has ended */
  readonly #turns = new Map<PersonName | RelayName, Promise<void>>();
  readonly #blocks = new Set<Promise<void>>();
  #records: Records | undefined;
  #conversation: ConversationId | undefined;
  #said = 0;

  static async open(dir: string, world: QuickWorld): Promise<SocketTown> {
    const town = new SocketTown(world);
    for (const name of ['first', 'second'] as const) await town.#build(name, dir);
    await town.#meet();
    return town;
  }

  private constructor(world: QuickWorld) {
    this.#world = world;
    this.#network = new CuttingNetwork(world);
  }

  get figures(): {
    readonly texts: number;
    readonly met: readonly Met[];
    readonly repeated: number;
    readonly handedOn: number;
  } {
    const relays = Array.from(this.#houses.values(), ({ relay }) => relay);
    return {
      texts: here(this.#records).texts,
      met: this.#network.met,
      repeated: relays.reduce((sum, { repeated }) => sum + repeated, 0),
      handedOn: relays.reduce((sum, { handedOn }) => sum + handedOn, 0),
    };
  }

  storm({ cuts, again }: SocketSchedule): void {
    for (const [name, { relay }] of this.#houses) relay.storm(again[name]);
    this.#network.storm(cuts);
  }

  async take(step: SocketStep): Promise<void> {
    switch (step.do) {
      case 'say':
        return this.#say(step.who);
      case 'read':
        return here(this.#records).look(step.who, { read: true });
      case 'renew':
        return this.#renew(step.who);
      case 'leave':
        return this.#leave(step);
      case 'block':
        return this.#block(step);
    }
  }

  /** From now on nothing goes wrong any more. @returns when everybody is there, and what was to come again has come */
  async calm(): Promise<void> {
    await this.#network.calm();
    await Promise.all([...this.#turns.values(), ...this.#blocks]);
    await Promise.all(Array.from(this.#houses.values(), ({ relay }) => relay.calm()));
  }

  /** What is not as it should be at rest; some of it may only not have come yet. */
  async faults(): Promise<readonly string[]> {
    return [...this.mischief, ...(await here(this.#records).faults())];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.calm();
    for (const person of this.#people.values()) await person.stop();
    for (const { relay } of this.#houses.values()) await relay.stop();
    await this.#network[Symbol.asyncDispose]();
  }

  async #build(name: RelayName, dir: string): Promise<void> {
    const { hosts, certificates } = houses[name];
    const doors: House['doors'][number][] = [];
    for (const host of hosts) doors.push({ host, door: await this.#network.door(() => relay.port) });
    const relay = new SocketRelay({
      name,
      dir,
      world: this.#world,
      doors,
      certificates: [...certificates],
      authorities,
      resolve: async (host) => this.#bySystem(host),
      fault: (text) => void this.mischief.push(text),
    });
    await relay.start();
    this.#houses.set(name, { relay, doors });
  }

  #bySystem(host: string): readonly string[] {
    const known = Object.values(houses).some(({ hosts }) => hosts.some((one) => one === host));
    if (!known || this.#dead.has(host)) throw new DialError('name', 'no such name');
    return [this.#network.address];
  }

  /** Both have rights at both relays, Anna invites Boris, and everything lies on the first one. */
  async #meet(): Promise<void> {
    const ids = new Map<PersonName, { readonly id: PersonId }>();
    for (const name of people) {
      const person = new SocketPerson({
        name,
        world: this.#world,
        authorities,
        bySystem: async (host) => this.#bySystem(host),
        fault: (text) => void this.mischief.push(text),
      });
      this.#people.set(name, person);
      const client = await person.open();
      ids.set(name, { id: (await client.init(name)).person });
      for (const { relay } of this.#houses.values())
        await client.addRelay({ hint: relay.hint(), right: await relay.newRight() }, { signal: forever });
    }
    const [anna, boris] = people.map((name) => here(this.#people.get(name)?.client));
    const { link } = await here(anna).invite();
    await here(boris).accept(link);
    for (let round = 0; round < 4; round += 1)
      for (const client of [anna, boris]) await here(client).sync({ signal: forever });
    this.#conversation = here((await here(anna).contacts())[0]).conversation;
    this.#records = new Records({ people: ids, talks: new Map([[talk, this.#conversation]]) }, this.#people);
    for (const person of this.#people.values()) await person.start();
  }

  /** Whoever is not there says nothing. */
  async #say(who: PersonName): Promise<void> {
    const client = this.#people.get(who)?.client;
    if (client === undefined) return;
    this.#said += 1;
    const id = await client.sendText(here(this.#conversation), `${this.#said} from ${who}`);
    here(this.#records).said({ id, by: who, in: talk });
  }

  async #renew(who: PersonName): Promise<void> {
    const person = here(this.#people.get(who));
    const conversation = here(this.#conversation);
    if (person.client !== undefined) await person.store.change((change) => renewLeaf(change, conversation));
  }

  #leave({ who, forMs }: Of<'leave'>): void {
    const one = here(
      who === 'first' || who === 'second' ? this.#houses.get(who)?.relay : this.#people.get(who),
    );
    const leave = async (): Promise<void> => {
      await here(this.#records).look(who);
      await one.stop();
      await this.#world.wait(forMs, { signal: forever });
      await one.start();
    };
    this.#turns.set(who, (this.#turns.get(who) ?? Promise.resolve()).then(leave));
  }

  async #block({ of, names, how, forMs }: Of<'block'>): Promise<void> {
    const { doors } = here(this.#houses.get(of));
    const blocked = names === 'one' ? doors.slice(0, 1) : doors;
    for (const { host, door } of blocked) {
      if (how === 'dead') this.#dead.add(host);
      else await door.shut(how);
    }
    const over = this.#world.wait(forMs, { signal: forever }).then(async () => {
      for (const { host, door } of blocked) {
        if (how === 'dead') this.#dead.delete(host);
        else await door.open();
      }
    });
    this.#blocks.add(over);
    void over.then(() => this.#blocks.delete(over));
  }
}
