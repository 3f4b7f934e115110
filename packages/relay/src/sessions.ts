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
  /** how many of its requests are being answered */
  asked: number;
}

/** A session of which a request is being answered. Disposed, it is silent again. */
interface AttendedSession extends Disposable {
  readonly name: string;
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
  readonly #sessions = new Map<string, Session>();
  /** those that nothing is being answered to, the longest first */
  readonly #silent = new Set<Session>();
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

  /**
   * The session of a request, which is not forgotten before it was answered, however long that takes: so there may be as many beyond the
   * limit as requests are being answered at a time.
   * @param named the session of its ticket; without one a new session begins
   */
  attend(named: string | undefined): AttendedSession {
    const session = (named === undefined ? undefined : this.#sessions.get(named)) ?? this.#begin();
    session.asked += 1;
    this.#silent.delete(session);
    return {
      name: session.name,
      [Symbol.dispose]: () => {
        session.asked -= 1;
        if (session.asked === 0) this.#silent.add(session);
      },
    };
  }

  /** Two tickets for the next two batches of this session. */
  issue(session: string, keys: ResponseKeys): readonly OfferedTicket[] {
    const known = this.#sessions.get(session);
    if (known === undefined) return [];
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

  #begin(): Session {
    for (const oldest of this.#silent) {
      if (this.#sessions.size < this.#limits.sessions) break;
      for (const ticket of oldest.tickets) this.#tickets.delete(ticket);
      this.#silent.delete(oldest);
      this.#sessions.delete(oldest.name);
      this.#forgotten(oldest.name);
    }
    const session: Session = { name: base32(this.#world.randomBytes(idBytes)), tickets: [], asked: 0 };
    this.#sessions.set(session.name, session);
    return session;
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
