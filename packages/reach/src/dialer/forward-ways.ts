import { originOf, type Hint } from '@tern/protocol';
import type { Transport } from '../transport.ts';
import type { Carrier, Connection } from './carrier.ts';
import { entranceOf, waysOf, type Way } from './way.ts';

/** Relays that hand requests on to others. */
export interface ForwardWays {
  /** those that could hand one on to this relay; not the relay itself */
  nears(to: Hint): readonly Hint[];
  /**
   * Carries by way of one of them; asked for once for each.
   * @param direct reaches that one, and never by way of another (rule 29)
   */
  through(near: Hint, direct: Transport): Transport;
}

/** Ways through other relays. Nothing is opened for one: the near relay is reached as any other is. */
export class ForwardCarrier implements Carrier {
  readonly name = 'forward';
  readonly #transports = new Map<string, Transport>();
  #source: { readonly ways: ForwardWays; readonly direct: Transport } | undefined;

  use(ways: ForwardWays, direct: Transport): void {
    this.#source = { ways, direct };
    this.#transports.clear();
  }

  waysTo(to: Hint): readonly Way[] {
    const nears = to.relay === undefined ? [] : (this.#source?.ways.nears(to) ?? []);
    const [plain] = waysOf(entranceOf(to), { choosesAddress: false, remembers: () => false });
    if (plain === undefined) return [];
    return nears.map((near): Way => ({
      ...plain,
      carrier: 'forward',
      serverName: '',
      through: nameOf(near),
    }));
  }

  async open(way: Way): Promise<Connection> {
    const transport = this.#through(way);
    return {
      shared: true,
      usable: true,
      exchange: (request, { signal, heldMs, bulk }) =>
        transport.carry(way.hint, request, { signal, heldMs, bulk }),
      close: () => undefined,
    };
  }

  #through(way: Way): Transport {
    const name = way.through ?? '';
    const known = this.#transports.get(name);
    if (known !== undefined) return known;
    const near = this.#source?.ways.nears(way.hint).find((one) => nameOf(one) === name);
    if (this.#source === undefined || near === undefined) throw new TypeError('nobody hands on to there');
    const transport = this.#source.ways.through(near, this.#source.direct);
    this.#transports.set(name, transport);
    return transport;
  }
}

function nameOf(near: Hint): string {
  return near.relay ?? originOf(near);
}
