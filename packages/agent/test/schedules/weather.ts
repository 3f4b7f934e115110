import type { World } from '@tern/protocol';
import type { Fate, NetworkRules } from '@tern/reach/testing';
import type { Fault, Schedule, Step } from './schedule.ts';

type Block = Extract<Step, { readonly do: 'block' }>;

/** Which bytes of which exchanges a connection was stopped at. */
export interface Stopped {
  readonly direction: 'up' | 'down';
  readonly byte: number;
  readonly of: number;
}

/** What the network does to one person, or between relays, until it is calm. */
export class Weather {
  /** requests that left, in all lives */
  exchanges = 0;
  readonly stopped: Stopped[] = [];
  readonly rules: NetworkRules;
  readonly #world: World;
  readonly #faults: ReadonlyMap<number, readonly Fault[]>;
  #block: { readonly block: Block; readonly until: number } | undefined;
  #calm = false;
  /** when the last copy of a request arrives, ms since 1970 */
  lastCopyAt = 0;

  /** @param host the name that blocks of one name are about @param isUp whether anybody listens at a host */
  constructor(
    who: Fault['of'],
    schedule: Schedule,
    options: {
      readonly world: World;
      readonly host: string;
      readonly blockable: (host: string) => boolean;
      readonly isUp: (host: string) => boolean;
    },
  ) {
    const { world, host, blockable, isUp } = options;
    this.#world = world;
    this.#faults = Map.groupBy(
      schedule.faults.filter((fault) => fault.of === who),
      (fault) => fault.exchange,
    );
    const meets = (how: Block['how'], name: string): boolean => {
      const block = this.#blocking();
      return block?.how === how && blockable(name) && (block.names === 'all' || name === host || name === '');
    };
    this.rules = {
      nameDead: (name) => meets('dead', name),
      onConnect: (way) => (!isUp(way.host) || meets('refuse', way.host) ? 'refuse' : undefined),
      onHello: ({ serverName }) => {
        if (serverName === '') return undefined;
        if (meets('reset', serverName)) return 'reset';
        return meets('silence', serverName) ? 'silence' : undefined;
      },
      freeze: ({ serverName }) => (meets('freeze', serverName) ? { packets: 0 } : undefined),
      fate: () => this.#fate(),
    };
  }

  block(block: Block): void {
    this.#block = { block, until: this.#world.now() + block.forMs };
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.#calm = true;
  }

  #blocking(): Block | undefined {
    if (this.#calm || this.#block === undefined || this.#block.until <= this.#world.now()) return undefined;
    return this.#block.block;
  }

  #fate(): Fate | undefined {
    const faults = this.#calm ? undefined : this.#faults.get(this.exchanges);
    this.exchanges += 1;
    return faults?.reduce((fate: Fate, fault): Fate => ({ ...fate, ...this.#fateOf(fault) }), {});
  }

  #fateOf(fault: Fault): Fate {
    if (fault.does === 'late') return { lateMs: fault.ms };
    if (fault.does === 'again') {
      this.lastCopyAt = Math.max(this.lastCopyAt, this.#world.now() + fault.ms + 1000);
      return { againMs: fault.ms };
    }
    const { does: how, direction } = fault;
    return {
      stop: {
        how,
        direction,
        after: (length) => {
          const byte = fault.byte % (length + 1);
          this.stopped.push({ direction, byte, of: length });
          return byte;
        },
      },
    };
  }
}
