import {
  base32,
  type IssuedTicket,
  type OfferedTicket,
  type Primitives,
  type ResponseKeys,
  type World,
} from '@tern/protocol';
import type { RelayLimits } from './limits-table.ts';

const ticketsOfResponse = 2;
const idBytes = 16;
/** a share's private key serves the tickets of one minute */
const shareLifetimeMs = 60_000;

interface HeldTicket extends IssuedTicket {
  readonly session: string;
}

interface Session {
  readonly name: string;
  /** oldest first */
  readonly tickets: string[];
}

/**
 * Who a ticket continues (rule 8). A session begins with a first batch and is nothing but its tickets and watch sets; all of it is in
 * memory, so a relay that starts again knows nobody, and whoever comes with a ticket pays one HPKE open.
 */
export class Sessions {
  readonly #primitives: Primitives;
  readonly #world: World;
  readonly #limits: RelayLimits;
  readonly #forgotten: (session: string) => void;
  readonly #tickets = new Map<string, HeldTicket>();
  /** the longest silent first */
  readonly #sessions = new Map<string, Session>();
  #share:
    | { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array; readonly madeAt: number }
    | undefined;

  /** @param options.forgotten is told of each session that is dropped */
  constructor(options: {
    readonly primitives: Primitives;
    readonly world: World;
    readonly limits: RelayLimits;
    readonly forgotten: (session: string) => void;
  }) {
    this.#primitives = options.primitives;
    this.#world = options.world;
    this.#limits = options.limits;
    this.#forgotten = options.forgotten;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Takes the ticket out: whoever asks again gets nothing. */
  take(id: Uint8Array): HeldTicket | undefined {
    const name = base32(id);
    const ticket = this.#tickets.get(name);
    if (ticket === undefined) return undefined;
    this.#tickets.delete(name);
    const session = this.#sessions.get(ticket.session);
    const at = session?.tickets.indexOf(name) ?? -1;
    if (at >= 0) session?.tickets.splice(at, 1);
    return ticket;
  }

  /** @returns the name of a new session */
  begin(): string {
    const session: Session = { name: base32(this.#world.randomBytes(idBytes)), tickets: [] };
    this.#sessions.set(session.name, session);
    for (const [name, oldest] of this.#sessions) {
      if (this.#sessions.size <= this.#limits.sessions) break;
      for (const ticket of oldest.tickets) this.#tickets.delete(ticket);
      this.#sessions.delete(name);
      this.#forgotten(name);
    }
    return session.name;
  }

  /** Two tickets for the next two batches of this session. */
  issue(session: string, keys: ResponseKeys): readonly OfferedTicket[] {
    const known = this.#sessions.get(session);
    if (known === undefined) return [];
    this.#sessions.delete(session);
    this.#sessions.set(session, known);
    const share = this.#currentShare();
    const offered: OfferedTicket[] = [];
    for (let count = 0; count < ticketsOfResponse; count += 1) {
      const id = this.#world.randomBytes(idBytes);
      const name = base32(id);
      this.#tickets.set(name, { session, secret: keys.ticketSecret(id), sharePrivateKey: share.privateKey });
      known.tickets.push(name);
      offered.push({ id, share: share.publicKey });
    }
    const tooMany = known.tickets.length - this.#limits.ticketsOfSession;
    for (const name of known.tickets.splice(0, Math.max(0, tooMany))) this.#tickets.delete(name);
    return offered;
  }

  #currentShare(): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
    const now = this.#world.now();
    if (this.#share === undefined || Math.abs(now - this.#share.madeAt) >= shareLifetimeMs) {
      const privateKey = this.#world.randomBytes(32);
      this.#share = { privateKey, publicKey: this.#primitives.x25519PublicKey(privateKey), madeAt: now };
    }
    return this.#share;
  }
}
