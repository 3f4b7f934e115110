import type { World } from '@tern/protocol';
import type { Ended } from './attempt-report.ts';
import type { Attempt } from './attempt.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { dialRules } from './dial-rules.ts';
import { mayFreeze, type FailureKind, type Load } from './standing.ts';
import { mayHaveSaidItsName } from './under-way.ts';
import type { WayBook } from './way-book.ts';
import { countedBy, sameRelay, saysNoName, type Way } from './way.ts';

const smallBytes = 4096;
const nothing: Load = { exchanges: 0, upBytes: 0, downBytes: 0 };

interface Stop {
  readonly way: Way;
  readonly load: Load;
  readonly at: number;
}

/** Enters in the way book what attempts came to. What only silence says is believed when something else was answered in that time. */
export class Evidence {
  readonly #parts: { readonly book: WayBook; readonly pool: ConnectionPool; readonly world: World };
  #stops: readonly Stop[] = [];
  /** hellos without an answer, of which nobody knows yet whether anything else is answered; `cut`: they were ended */
  #hellos: readonly { readonly way: Way; readonly at: number; readonly cut: boolean }[] = [];
  /** sockets that froze, of which the same is not known */
  #sockets: readonly { readonly way: Way; readonly at: number; readonly stoodMs: number }[] = [];
  /** tries to get to where a hello had been reset, of which the same is not known */
  #swallowed: readonly { readonly way: Way; readonly at: number; readonly address: string | undefined }[] =
    [];
  #answeredAt = 0;
  #drained = 0;

  constructor(parts: { readonly book: WayBook; readonly pool: ConnectionPool; readonly world: World }) {
    this.#parts = parts;
  }

  /**
   * Its answer came, whole or as far as anybody wanted it.
   * @param options `cut`: it stopped in the middle, and so much is only known that the way leads there
   */
  answered(attempt: Attempt, options: { readonly held: boolean; readonly cut: boolean }): void {
    const { book, world } = this.#parts;
    const { way, load, rttMs, setUpMs, latencyMs, address, heldMs } = attempt;
    const { cut } = options;
    const bytesPerSecond = cut ? undefined : attempt.bytesPerSecond;
    const now = world.now();
    book.took(
      way,
      {
        kind: 'answered',
        load: cut ? nothing : { ...load, exchanges: load.exchanges + 1 },
        late: attempt.doubted && !options.held,
        ...(rttMs !== undefined && { rttMs }),
        ...(setUpMs !== undefined && { setUpMs }),
        ...(bytesPerSecond !== undefined && { bytesPerSecond }),
        ...(latencyMs !== undefined && { latencyMs }),
        ...(heldMs !== undefined && { heldMs }),
      },
      now,
    );
    if (address !== undefined && way.by !== 'literal') book.remember(way.host, address);
    if (!cut) book.residuals.answered(way, { now, address });
    if (!cut) book.opened(way, now);
    // nothing was heard after what stopped, this one least of all
    if (!cut) this.#heard(now, attempt);
  }

  /** What came, and was taken for an answer, was none of that relay: whatever it seemed to show of the way is forgotten. */
  misled({ way }: Attempt): void {
    const { book, world } = this.#parts;
    // later than the answer that it seemed to be
    book.took(way, { kind: 'failed', how: 'stranger' }, world.now() + 1);
    if (way.by !== 'literal') book.forgetAddress(way.host);
  }

  /** Another one answered first, and it was left. */
  outrun(attempt: Attempt, winner: Way): void {
    if (!attempt.doubted || attempt.stage === 'waiting') return;
    this.unheld(attempt);
    if (attempt.failure === 'answer') {
      this.#suspectNames(attempt, winner);
      this.#stopped(attempt);
    } else if (attempt.waitsAlone) return;
    else if (countedBy(winner) === countedBy(attempt.way)) return; // that one got through: it is the line
    else {
      this.#failed(attempt.way, attempt.failure, { alone: false, address: attempt.address });
      if (attempt.failure === 'hello') this.#shun(attempt, { port: !sharesPort(attempt.way, winner) });
    }
    this.#heard(this.#parts.world.now());
  }

  /** It broke off before anything came. What had waited for long by then had been greeted. */
  brokeOff(attempt: Attempt): void {
    const waitedMs = this.#parts.world.now() - attempt.lastAt;
    if (waitedMs < dialRules.helloMs) this.#shun(attempt, { port: true });
  }

  /** @param options `alone` nothing else was answered in that time */
  failed(attempt: Attempt, ended: Ended, options: { readonly alone: boolean }): void {
    if (ended === 'left' || attempt.stage === 'waiting') return;
    this.unheld(attempt);
    if (attempt.waitsAlone && ended === 'silent') return; // what it was the next look finds out
    if (attempt.failure === 'answer' && ended === 'silent') this.#stopped(attempt);
    else if (ended === 'certificate' || ended === 'not-a-relay')
      this.#failed(attempt.way, 'stranger', options);
    else {
      const cut = ended !== 'silent';
      const how = ended === 'name' ? 'name' : attempt.failure;
      const { address, blind } = attempt;
      this.#failed(attempt.way, how, { ...options, cut, blind, address });
    }
  }

  /** An answer that was kept back will not come: it may have been for too long. */
  unheld({ way, stage, heldMs, holdMs }: Attempt): void {
    const { book, world } = this.#parts;
    if (heldMs === undefined || stage !== 'answer') return;
    const wait = { heldMs: Math.min(heldMs, holdMs), askedMs: holdMs };
    book.took(way, { kind: 'unheld', ...wait }, world.now());
  }

  /** Nobody answered in all that time. */
  gaveUp(attempt: Attempt): void {
    attempt.leave('silent');
    this.failed(attempt, 'silent', { alone: true });
  }

  /** Its answer stopped in the middle, or ended there. */
  cut(attempt: Attempt, ended: Ended): void {
    const { book, world } = this.#parts;
    if (ended === 'silent') this.#stopped(attempt);
    else if (ended !== 'left') book.took(attempt.way, { kind: 'failed', how: 'answer' }, world.now());
  }

  unanswered(way: Way, options: { readonly alone: boolean }): void {
    this.#failed(way, 'hello', options);
  }

  /** It has taken too long, and left: nothing answers where a hello was reset just now. */
  swallowed({ way, failure, address }: Attempt): void {
    this.#failed(way, failure, { alone: true, address });
  }

  /** A socket beside this way was closed by nobody and says nothing. */
  socketFroze(way: Way, stoodMs: number): void {
    this.#sockets = [...this.#sockets, { way: socketWay(way), at: this.#parts.world.now(), stoodMs }];
  }

  /** None froze here, or it is long enough ago. */
  trustsSocket(way: Way): boolean {
    const { book, world } = this.#parts;
    const { failure } = book.standing(socketWay(way));
    if (failure === undefined) return true;
    const restMs = dialRules.socketRestMs * 2 ** (failure.times - 1);
    return Math.abs(world.now() - failure.at) >= Math.min(dialRules.mostSocketRestMs, restMs);
  }

  /** Nobody wants the answer any more; its connection is kept if few do the same. */
  async drain(attempt: Attempt): Promise<void> {
    if (this.#drained >= dialRules.drainedAtOnce) {
      attempt.leave('left');
      return;
    }
    this.#drained += 1;
    await attempt.drain();
    this.#drained -= 1;
  }

  /** What was silent said a name, on a connection that may have been new, and what was answered said none: names may be what is listened for. */
  #suspectNames(attempt: Attempt, winner: Way): void {
    const { book, pool, world } = this.#parts;
    const { way, rested, lastAt } = attempt;
    if (!mayHaveSaidItsName(attempt) || !saysNoName(winner) || !sameRelay(way, winner)) return;
    // where connections freeze this one may have done that
    if (mayFreeze(book.standing(way), world.now())) return;
    pool.doubtNames(way, lastAt);
    // one that rested for long may have died of that
    if (!rested) this.#shun(attempt, { port: false });
  }

  #shun({ way, blind, vantage }: Attempt, { port }: { readonly port: boolean }): void {
    const { book, world } = this.#parts;
    const { network: place } = vantage;
    if (blind && place !== undefined) book.shut(way, { now: world.now(), place, port });
  }

  /**
   * @param options `cut`: it was ended; `blind`: and nobody tells whether that was the hello's end, the request's or the line's; `address`: the
   *   one that was dialled, where it is known
   */
  #failed(
    way: Way,
    how: FailureKind,
    options: {
      readonly alone: boolean;
      readonly cut?: boolean;
      readonly blind?: boolean;
      readonly address?: string | undefined;
    },
  ): void {
    const { book, pool, world } = this.#parts;
    const now = world.now();
    const { alone, cut = false, blind = false, address } = options;
    const wasReset = how === 'hello' && cut && !blind;
    if (wasReset) book.residuals.wasReset(way, { now, address });
    const silent = !wasReset && (how === 'hello' || how === 'connect');
    const swallowed = silent && book.residuals.wasSilent(way, { now, address, alone });
    // what swallows all that goes there says nothing of this way
    if (!swallowed) book.took(way, { kind: 'failed', how }, now);
    else if (alone) this.#swallowed = [...this.#swallowed, { way, at: now, address }];
    if (how !== 'hello') return;
    pool.unanswered(way, { alone, cut: cut || swallowed });
    // of an end that nobody saw the name may be innocent, whoever else is answered
    if (alone && !(cut && blind)) this.#hellos = [...this.#hellos, { way, at: now, cut: cut || swallowed }];
  }

  #stopped(attempt: Attempt): void {
    const { book, world } = this.#parts;
    const { way, load, rested } = attempt;
    const at = world.now();
    if (rested) return; // it died of resting
    // greeted, and then not a byte of a small exchange: it is not the size
    const barred = load.exchanges === 0 && load.downBytes === 0 && load.upBytes <= smallBytes;
    if (barred) book.took(way, { kind: 'failed', how: 'answer' }, at);
    book.took(way, { kind: 'stalled', load }, at);
    const lived = this.#answeredAt > attempt.lastAt;
    if (lived) book.took(way, { kind: 'frozen', load }, at);
    else this.#stops = [...this.#stops, { way, load, at }];
  }

  /** The line lives: what stopped just before was frozen. @param by was answered, and a hello that it sent after others too */
  #heard(now: number, by?: Attempt): void {
    this.#answeredAt = now;
    const { book, pool } = this.#parts;
    const [stops, hellos, sockets, swallowed] = [this.#stops, this.#hellos, this.#sockets, this.#swallowed];
    this.#stops = [];
    this.#hellos = [];
    this.#sockets = [];
    this.#swallowed = [];
    for (const { way, at, address } of swallowed)
      if (now - at < dialRules.controlMs) book.residuals.wasSilent(way, { now, address, alone: false });
    for (const { way, at, cut } of hellos) {
      // the very name answers: no ban ends so soon
      const answers = by !== undefined && countedBy(by.way) === countedBy(way) && (by.openedAt ?? 0) >= at;
      if (!answers && now - at < dialRules.controlMs) pool.unanswered(way, { alone: false, cut });
    }
    for (const { way, load, at } of stops)
      if (now - at < dialRules.controlMs) book.took(way, { kind: 'frozen', load }, now);
    for (const { way, at, stoodMs } of sockets) {
      if (now - at >= dialRules.controlMs) continue;
      if (stoodMs >= dialRules.socketGoodMs)
        book.took(way, { kind: 'answered', load: nothing, late: false }, at);
      book.took(way, { kind: 'failed', how: 'answer' }, now);
    }
  }
}

/** As it stands in the way book, beside the way it takes. */
function socketWay(way: Way): Way {
  return { ...way, carrier: 'websocket' };
}

/** both straight to one relay */
function sharesPort(one: Way, other: Way): boolean {
  return other.carrier !== 'forward' && sameRelay(one, other) && one.port === other.port;
}
