import { renewLeaf } from '@tern/core/testing';
import type { ConversationId, World } from '@tern/protocol';
import { DialError, type Way } from '@tern/reach/testing';
import type { TimedWorld } from '@tern/relay/testing';
import { DeferredLetter } from './deferred-letter.ts';
import { Person } from './person.ts';
import { here, relayStoreOf, storeOf, type Prepared } from './prepared.ts';
import { RelayHouse } from './relay-house.ts';
import {
  peopleOf,
  relaysOf,
  type PersonName,
  type RelayName,
  type Schedule,
  type Step,
  type Talk,
} from './schedule.ts';
import { Records } from './schedule-check.ts';
import { Weather, type Stopped } from './weather.ts';

type Name = PersonName | RelayName;
type Of<D extends Step['do']> = Extract<Step, { readonly do: D }>;

/** the other name of the first relay, which its card says */
const otherHost = 'zero.example';
const { signal: forever } = new AbortController();

/** The people and relays of one schedule, and what is done to them. */
export class ScheduleTown {
  readonly #schedule: Schedule;
  readonly #prepared: Prepared;
  readonly #world: World;
  readonly #people = new Map<PersonName, Person>();
  readonly #relays = new Map<RelayName, RelayHouse>();
  readonly #weathers = new Map<Name, Weather>();
  readonly #records: Records;
  /** what no client and no relay may do, whatever happens to it */
  readonly #mischief: string[] = [];
  readonly #letters: DeferredLetter[] = [];
  readonly #places = new Map<string, number>();
  #deaths = 0;

  static async open(schedule: Schedule, prepared: Prepared, world: TimedWorld): Promise<ScheduleTown> {
    const town = new ScheduleTown(schedule, prepared, world);
    for (const name of relaysOf(schedule.scene)) await town.#build(name);
    for (const name of peopleOf[schedule.scene]) await town.#settle(name);
    return town;
  }

  private constructor(schedule: Schedule, prepared: Prepared, world: World) {
    this.#schedule = schedule;
    this.#prepared = prepared;
    this.#world = world;
    this.#records = new Records(prepared, this.#people);
  }

  get now(): number {
    return this.#world.now();
  }

  get lastCopyAt(): number {
    return Math.max(...[...this.#weathers.values()].map((weather) => weather.lastCopyAt));
  }

  get figures(): {
    readonly exchanges: number;
    readonly texts: number;
    readonly deaths: number;
    readonly handedOn: number;
    readonly stopped: readonly Stopped[];
  } {
    const weathers = [...this.#weathers.values()];
    return {
      exchanges: weathers.reduce((sum, { exchanges }) => sum + exchanges, 0),
      texts: this.#records.texts,
      deaths: this.#deaths,
      handedOn: [...this.#relays.values()].reduce((sum, { handedOn }) => sum + handedOn, 0),
      stopped: weathers.flatMap(({ stopped }) => stopped),
    };
  }

  async waitUntil(at: number): Promise<void> {
    if (at > this.now) await this.#world.wait(at - this.now, { signal: forever });
  }

  async start(): Promise<void> {
    for (const name of [...this.#relays.keys(), ...this.#people.keys()]) await this.#oneOf(name).start();
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    for (const weather of this.#weathers.values()) weather.calm();
    for (const one of [...this.#people.values(), ...this.#relays.values()]) one.spare();
  }

  end(): void {
    for (const one of [...this.#people.values(), ...this.#relays.values()]) one.kill();
  }

  /** What is not as it should be at rest; some of it may only not have come yet. */
  async faults(): Promise<readonly string[]> {
    const relay = this.#relays.get('first')?.relay;
    const letters = await Promise.all(
      this.#letters.map((letter) => letter.faults(this.#relays.get('second')?.relay, relay)),
    );
    return [...this.#mischief, ...(await this.#records.faults()), ...letters.flat()];
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'say':
        return this.#say(step);
      case 'read':
        return this.#records.look(step.who, { read: true });
      case 'renew':
        return this.#renew(step);
      case 'remove':
        return this.#remove();
      case 'begin':
        return this.#beginGroup();
      case 'kill':
        return this.#kill(step);
      case 'block':
        return this.#weathers.get(step.of)?.block(step);
      case 'defer':
        return this.#defer();
      case 'sweep':
        void this.#relays.get(step.which)?.relay?.sweep();
    }
  }

  async #build(name: RelayName): Promise<void> {
    const { hint, store } = here(this.#prepared.relays.get(name));
    const house = new RelayHouse({
      hint,
      endpoints: name === 'first' ? [`https://${hint.address}:443`, `https://${otherHost}:8443`] : [],
      store: await relayStoreOf(store),
      world: this.#world,
      rules: this.#weatherOf(name).rules,
      answer: (way, request, signal) => this.#answer(way, request, signal),
      fault: (text) => void this.#mischief.push(text),
    });
    this.#relays.set(name, house);
  }

  async #settle(name: PersonName): Promise<void> {
    const person = new Person({
      name,
      store: await storeOf(here(this.#prepared.people.get(name)).store, this.#world),
      world: this.#world,
      browser: this.#schedule.browsers.includes(name),
      rules: this.#weatherOf(name).rules,
      answer: (way, request, signal) => this.#answer(way, request, signal),
      fault: (text) => void this.#mischief.push(text),
    });
    this.#people.set(name, person);
  }

  #weatherOf(name: Name): Weather {
    const weather = new Weather(name, this.#schedule, {
      world: this.#world,
      host: here(this.#prepared.relays.get('first')).hint.address,
      blockable: (host) => host !== this.#prepared.relays.get('second')?.hint.address,
      isUp: (host) => this.#houseAt(host)?.relay !== undefined,
    });
    this.#weathers.set(name, weather);
    return weather;
  }

  #houseAt(host: string): RelayHouse | undefined {
    if (host === otherHost) return this.#relays.get('first');
    return [...this.#relays.values()].find(({ hint }) => hint.address === host);
  }

  async #answer(way: Way, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const house = this.#houseAt(way.host);
    if (house === undefined) throw new DialError('refused', 'nobody lives there');
    return house.answer(way.hint.path, request, signal);
  }

  #oneOf(name: Name): Person | RelayHouse {
    return here(name === 'first' || name === 'second' ? this.#relays.get(name) : this.#people.get(name));
  }

  async #revive(name: Name, forMs: number): Promise<void> {
    this.#deaths += 1;
    await this.#world.wait(forMs, { signal: forever });
    await this.#oneOf(name).start();
  }

  async #kill({ who, forMs, around }: Of<'kill'>): Promise<void> {
    const one = this.#oneOf(who);
    if (!one.alive) return;
    await this.#records.look(who);
    if (around === undefined) {
      one.kill();
      void this.#revive(who, forMs);
    } else one.plan(around, () => void this.#revive(who, forMs));
  }

  #talk(talk: Talk): ConversationId {
    return here(this.#prepared.talks.get(talk));
  }

  /** Who dies while writing promised nothing, and writing never ends. */
  #say({ who, in: talk }: Of<'say'>): void {
    const client = this.#people.get(who)?.client;
    if (client === undefined) return;
    const place = (this.#places.get(`${who} ${talk}`) ?? 0) + 1;
    this.#places.set(`${who} ${talk}`, place);
    client.sendText(this.#talk(talk), `${place} from ${who} in ${talk}`).then(
      (id) => this.#records.said({ id, by: who, in: talk }),
      (error: unknown) => void this.#mischief.push(`${who} could not write: ${String(error)}`),
    );
  }

  async #renew({ who, in: talk }: Of<'renew'>): Promise<void> {
    const person = this.#people.get(who);
    if (person?.alive === true) await person.store.change((change) => renewLeaf(change, this.#talk(talk)));
  }

  async #remove(): Promise<void> {
    const client = this.#people.get('anna')?.client;
    if (client === undefined) return;
    await this.#records.leaves('clara');
    const clara = here(this.#prepared.people.get('clara')).id;
    void client.removeFromGroup(this.#talk('group'), clara);
  }

  async #beginGroup(): Promise<void> {
    const others = [...this.#prepared.people].filter(([name]) => name !== 'anna').map(([, { id }]) => id);
    void this.#people.get('anna')?.client?.beginGroup(others);
  }

  #defer(): void {
    const near = this.#relays.get('second')?.relay;
    if (near !== undefined)
      this.#letters.push(new DeferredLetter(this.#prepared, { near, world: this.#world }));
  }
}
