import { base32, equalBytes, type OfferedTicket, type ResponseKeys, type Ticket } from '@tern/protocol';
import type { Vantage } from './transport.ts';

const keptTickets = 8;
const rememberedTokens = 8;
const keptBoxes = 8;
/**
 * Of one session on their way at a time. A relay keeps eight tickets of a session and gives two with each answer, for which the oldest
 * go: with more than half of them under way it would forget some before they arrive.
 */
const underWayOfOne = 4;

/** What a relay takes for one visitor: a batch under its key begins one, and the tickets that come of it go on with it. */
export type Session = symbol;

export interface HeldTicket {
  readonly session: Session;
  readonly ticket: Ticket;
}

/**
 * The tickets of one path (rule 8). Each leaves the box once. Batches sent at the same time may begin several sessions;
 * a watch set lives in one of them (rule 17), so the box knows which token belongs where.
 */
export class TicketBox {
  /** newest first */
  #held: readonly HeldTicket[] = [];
  #sessions: ReadonlyMap<string, Session> = new Map();
  readonly #underWay = new Map<Session, number>();

  get size(): number {
    return this.#held.length;
  }

  add(session: Session, offered: readonly OfferedTicket[], keys: ResponseKeys): void {
    for (const { id, share } of offered) {
      if (this.#held.some((held) => equalBytes(held.ticket.id, id))) continue;
      this.#held = [{ session, ticket: { id, share, secret: keys.ticketSecret(id) } }, ...this.#held];
      if (this.#held.length > keptTickets) this.#dropOne();
    }
  }

  /** The session in which this token's watch set lives. */
  remember(token: Uint8Array, session: Session): void {
    const all = [...this.#sessions].filter(([one]) => one !== base32(token));
    this.#sessions = new Map([...all, [base32(token), session] as const].slice(-rememberedTokens));
  }

  /**
   * Takes the newest ticket out, of a session that has few on their way; {@link back} says when its answer has come, or will not.
   * @param token of a watch set to go on with: only a ticket of its session is of use.
   * Without one, a session that holds a watch set keeps its last ticket for that, where another session can do the work.
   */
  take(token?: Uint8Array): HeldTicket | undefined {
    const session = token === undefined ? undefined : this.#sessions.get(base32(token));
    const taken =
      session === undefined
        ? this.#anyOf(this.#held.filter((held) => this.#count(held.session) < underWayOfOne))
        : this.#held.find((held) => held.session === session);
    if (taken === undefined) return undefined;
    this.#held = this.#held.filter((held) => held !== taken);
    this.#underWay.set(taken.session, this.#count(taken.session) + 1);
    return taken;
  }

  /** What was sent with a ticket of this session is on its way no more. */
  back(session: Session): void {
    const left = this.#count(session) - 1;
    if (left > 0) this.#underWay.set(session, left);
    else this.#underWay.delete(session);
  }

  /** A relay that has forgotten one ticket of a session has forgotten those before it. */
  forget(session: Session): void {
    this.#held = this.#held.filter((held) => held.session !== session);
  }

  #anyOf(held: readonly HeldTicket[]): HeldTicket | undefined {
    return held.find((one) => !this.#isLastOfWatch(one)) ?? held[0];
  }

  #count(session: Session): number {
    return this.#underWay.get(session) ?? 0;
  }

  #isLastOfWatch(held: HeldTicket): boolean {
    return (
      [...this.#sessions.values()].includes(held.session) &&
      this.#held.filter((one) => one.session === held.session).length === 1
    );
  }

  #dropOne(): void {
    const counts = new Map<Session, number>();
    for (const { session } of this.#held) counts.set(session, (counts.get(session) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const oldest = this.#held.findLast((held) => counts.get(held.session) === most);
    this.#held = this.#held.filter((held) => held !== oldest);
  }
}

/** A box for each vantage. Those of a network are forgotten when it is left: a relay shall not know by them that it was this device. */
export class TicketBoxes {
  #network: string | undefined;
  readonly #boxes = new Map<string, TicketBox>();

  at({ network, through }: Vantage): TicketBox {
    if (network !== undefined && network !== this.#network) {
      // what was earned while nobody knew the network's name belongs to the first that is known
      if (this.#network !== undefined) this.clear();
      this.#network = network;
    }
    const box = this.#boxes.get(through) ?? new TicketBox();
    this.#boxes.delete(through);
    this.#boxes.set(through, box);
    const [longestUnused] = this.#boxes.keys();
    if (this.#boxes.size > keptBoxes && longestUnused !== undefined) this.#boxes.delete(longestUnused);
    return box;
  }

  clear(): void {
    this.#boxes.clear();
  }
}
