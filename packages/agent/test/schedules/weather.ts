import type { World } from '@tern/protocol';
import type { Fate, NetworkRules } from '@tern/reach/testing';
import { ByteCount } from './byte-count.ts';
import type { ByteFault, ExchangeFault, Fault, Schedule, Step } from './schedule.ts';

type Block = Extract<Step, { readonly do: 'block' }>;
type Cut = Extract<ExchangeFault, { readonly direction: 'up' | 'down' }>;

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
  readonly #faults: ReadonlyMap<number, readonly ExchangeFault[]>;
  readonly #bytes: ByteCount<ByteFault>;
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
    const own = schedule.faults.filter((fault) => fault.of === who);
    this.#faults = Map.groupBy(
      own.filter((fault) => 'exchange' in fault),
      (fault) => fault.exchange,
    );
    this.#bytes = new ByteCount(own.filter((fault) => 'beforeByte' in fault));
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
    const faults = this.#calm ? undefined : (this.#faults.get(this.exchanges) ?? []);
    this.exchanges += 1;
    if (faults === undefined) return undefined;
    const late = faults.findLast((fault) => fault.does === 'late');
    const again = faults.findLast((fault) => fault.does === 'again');
    if (again !== undefined) this.lastCopyAt = Math.max(this.lastCopyAt, this.#world.now() + again.ms + 1000);
    return {
      stop: this.#stop(faults.findLast((fault) => 'byte' in fault)),
      ...(late !== undefined && { lateMs: late.ms }),
      ...(again !== undefined && { againMs: again.ms }),
    };
  }

  /** Whichever comes first: what was meant for this exchange, or for a byte that it happens to bring. */
  #stop(meant: Cut | undefined): NonNullable<Fate['stop']> {
    let how: Cut['does'] = meant?.does ?? 'cut';
    return {
      direction: 'either',
      get how() {
        return how;
      },
      after: (length, direction) => {
        const place = meant?.direction === direction ? meant.byte % (length + 1) : length;
        const { bytes: byte, met } = this.#calm ? { bytes: place } : this.#bytes.pass(place);
        if (met !== undefined) how = met.does;
        if (byte < length) this.stopped.push({ direction, byte, of: length });
        return byte;
      },
    };
  }
}
