import { UnreachableError, type World } from '@tern/protocol';
import { passesBefore } from '../abort.ts';
import {
  failureIn,
  type AttemptReport,
  type Ended,
  type ObservedStages,
  type Stage,
} from './attempt-report.ts';
import { DialError, endedBy, unheld } from './carrier.ts';
import { longestMs, rateOf } from './attempt-limits.ts';
import type { ConnectionPool, Held, Turn } from './connection-pool.ts';
import { dialRules } from './dial-rules.ts';
import { holdRules } from './hold.ts';
import { hasRoom, mayFreeze, progressMs, type FailureKind, type Load, type Standing } from './standing.ts';
import type { Vantage } from '../transport.ts';
import type { Way } from './way.ts';

export interface AttemptParts {
  readonly pool: ConnectionPool;
  readonly world: World;
  readonly way: Way;
  /** as it was when the attempt began */
  readonly standing: Standing;
  /** sealed for this vantage */
  readonly request: Uint8Array;
  readonly vantage: Vantage;
  /** its answer may be kept back for so long; 0 for not at all */
  readonly heldMs: number;
  readonly bulk: boolean;
  /** when a connection may be opened for it, and greet */
  readonly turn: Turn;
  /** on this connection it is not to be asked */
  readonly refuses: (held: Held) => boolean;
  readonly longestSilenceMs: number;
  readonly observe: (observation: AttemptReport) => void;
}

const smallBytes = 4096;
const nothing: Load = { exchanges: 0, upBytes: 0, downBytes: 0 };

/** One request on one way, from finding a connection to the answer's end. It says how far it is; others decide what to do about it. */
export class Attempt {
  readonly way: Way;
  /** it took longer than it should have */
  doubted = false;
  readonly #parts: AttemptParts;
  readonly #leaving = new AbortController();
  #at: number;
  #stage: Stage = 'waiting';
  #stageAt: number;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();
  #held: Held | undefined;
  /** its request took the hello along, and nobody knows yet whether that was answered */
  #greets = false;
  #restedMs = 0;
  #before = nothing;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #downBytes = 0;
  #lastAt: number;
  /** when the request left */
  #askedAt: number;
  readonly #stages: { -readonly [K in keyof ObservedStages]: ObservedStages[K] } = {};
  #address: string | undefined;
  #ended: Ended | undefined;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.way = parts.way;
    this.#at = parts.world.now();
    this.#stageAt = this.#at;
    this.#lastAt = this.#at;
    this.#askedAt = this.#at;
  }

  get vantage(): Vantage {
    return this.#parts.vantage;
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** when it last came forward, ms since 1970 */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** its connection had carried others before */
  get reused(): boolean {
    return this.#before.exchanges > 0;
  }

  /** when it began to open a connection of its own, ms since 1970 */
  get openedAt(): number | undefined {
    return this.reused ? undefined : this.#at;
  }

  /** nobody was told what ended it */
  get blind(): boolean {
    return this.#held?.unseen !== undefined;
  }

  /** its connection had rested so long that it may have died of that */
  get rested(): boolean {
    return this.#restedMs > dialRules.staleMs;
  }

  /** what its connection carried, with what came of this exchange; `exchanges` are those before */
  get load(): Load {
    const { exchanges, upBytes, downBytes } = this.#before;
    const sent = this.#held === undefined ? 0 : this.#parts.request.length;
    return { exchanges, upBytes: upBytes + sent, downBytes: downBytes + this.#downBytes };
  }

  /** of both directions, where there was enough of it to tell, or even a little took very long */
  get bytesPerSecond(): number | undefined {
    const bytes = this.#parts.request.length + this.#downBytes;
    const ms = this.#lastAt - this.#askedAt - (this.rttMs ?? this.#parts.standing.rttMs ?? 0);
    return this.#parts.heldMs === 0 ? rateOf(bytes, ms) : undefined;
  }

  /** of a small request, until its answer began */
  get latencyMs(): number | undefined {
    const { heldMs, request } = this.#parts;
    const { firstByteMs } = this.#stages;
    return heldMs > 0 || request.length > smallBytes || firstByteMs === undefined
      ? undefined
      : this.#at + firstByteMs - this.#askedAt;
  }

  /** of a request whose answer may be kept back: how long it has been, or was until it began; a clock that jumped adds nothing to what was asked */
  get heldMs(): number | undefined {
    const { firstByteMs } = this.#stages;
    const { heldMs: asked, world } = this.#parts;
    if (asked === 0) return undefined;
    const passedMs = (firstByteMs === undefined ? world.now() : this.#at + firstByteMs) - this.#askedAt;
    return Math.min(passedMs, asked + holdRules.graceMs);
  }

  /** for how long its answer may be kept back */
  get holdMs(): number {
    return this.#parts.heldMs;
  }

  /** its request took the hello along, and no silence says which of them is not answered */
  get waitsAlone(): boolean {
    return this.blind && !this.reused && this.#parts.heldMs > 0;
  }

  /** of connecting; undefined on a connection that was there */
  get rttMs(): number | undefined {
    const { connectedMs, resolvedMs } = this.#stages;
    return connectedMs === undefined ? undefined : connectedMs - (resolvedMs ?? 0);
  }

  /** of connecting and greeting; undefined on a connection that was there, and where nobody is told */
  get setUpMs(): number | undefined {
    const { greetedMs, resolvedMs } = this.#stages;
    return greetedMs === undefined ? undefined : greetedMs - (resolvedMs ?? 0);
  }

  get address(): string | undefined {
    return this.#address;
  }

  /**
   * Resolves with the answer's first piece, undefined for an empty one.
   * @throws {UnreachableError} `unheld`, and nothing was asked, on a connection that is refused
   */
  async begin(): Promise<Uint8Array | undefined> {
    const { pool, way, request, bulk, heldMs, world, standing, turn, refuses } = this.#parts;
    const [held, { signal }] = [heldMs > 0, this.#leaving];
    try {
      const options = { signal, ...turn, reached: this.#reached.bind(this) };
      const taken = await pool.take(way, { upBytes: request.length, bulk, held }, options);
      if (this.#ended !== undefined) {
        pool.giveBack(taken); // it was left while one was found for it
        signal.throwIfAborted();
      }
      if (refuses(taken)) {
        pool.giveBack(taken);
        this.leave('left');
        throw unheld();
      }
      this.#held = taken;
      this.#before = taken.load;
      if (this.reused) {
        this.#restedMs = world.now() - this.#held.usedAt;
        this.#at = world.now();
      }
      this.#askedAt = world.now();
      // of a large request it is likelier that its size stopped it than that its hello did
      const greets = this.blind && !this.reused;
      this.#greets = greets && request.length <= smallBytes;
      if (!greets && !this.reused) this.#stages.greetedMs = this.#ms();
      this.#enter(this.#greets && !held ? 'hello' : 'answer');
      const after = { ...this.load, exchanges: this.#before.exchanges + 1 };
      // nothing else fits on a connection that carried as much as one may
      // a browser's system says something every 45 s, and what may freeze has few packets left after a long wait
      const long = this.waitsAlone && heldMs > holdRules.shortestMs && mayFreeze(standing, world.now());
      taken.closes ||= long || !hasRoom(standing, after, { upBytes: 0, bulk });
      const asked = { signal, heldMs, bulk, last: taken.closes, steady: standing.grade === 'bulk' };
      this.#pieces = this.#held.connection.exchange(request, asked)[Symbol.asyncIterator]();
      const first = await this.#pieces.next();
      if (greets) pool.greeted(way);
      this.#stages.firstByteMs = this.#ms();
      this.#enter('coming');
      return first.done === true ? undefined : this.#count(first.value);
    } catch (error) {
      this.#end(endedBy(error), { spent: true });
      throw error;
    }
  }

  /** The next piece, or undefined at the end. @throws {UnreachableError} also where nothing comes for too long */
  async next(): Promise<Uint8Array | undefined> {
    const { world, standing, longestSilenceMs } = this.#parts;
    if (this.#pieces === undefined) return undefined;
    const mostMs = Math.min(longestSilenceMs, progressMs(standing));
    const { signal } = this.#leaving;
    try {
      const next = this.#pieces.next();
      if (await passesBefore(next, mostMs, { world, signal }))
        throw new DialError('silent', 'the answer stopped');
      const step = await next;
      return step.done === true ? undefined : this.#count(step.value);
    } catch (error) {
      this.leave(endedBy(error));
      throw error;
    }
  }

  /** Resolves when nothing came for longer than it should have taken; rejects with the signal, which somebody must abort. */
  async doubt(signal: AbortSignal): Promise<void> {
    const { world } = this.#parts;
    for (;;) {
      const changed = this.#changed.promise;
      const { standing, request, heldMs, bulk } = this.#parts;
      const asked = { way: this.way, standing, upBytes: request.length, heldMs, bulk };
      const limitMs = longestMs(this.#stage, { ...asked, now: this.#stageAt });
      const leftMs = Math.max(0, this.#stageAt + limitMs - world.now());
      if (!(await passesBefore(changed, leftMs, { world, signal }))) continue;
      this.doubted = true;
      return;
    }
  }

  /** The reader has all it wants. */
  async finish(): Promise<void> {
    if (this.#ended !== undefined) return;
    await this.#pieces?.return?.();
    this.#stages.lastByteMs = this.#lastAt - this.#at;
    this.#end('ok', { spent: false });
  }

  /** Gives it up, and closes what was opened. */
  leave(ended: Ended): void {
    this.#end(ended, { spent: true });
    this.#leaving.abort(new UnreachableError('nobody waits for it any more', { code: 'left' }));
  }

  /** Nobody wants the answer any more, but its connection is worth having when it has come. Never rejects. */
  async drain(): Promise<void> {
    const { world } = this.#parts;
    const late = world.wait(dialRules.drainMs, { signal: this.#leaving.signal }).then(
      () => this.leave('left'),
      () => undefined,
    );
    try {
      while (this.#stage === 'answer' && this.#ended === undefined) await this.#changed.promise;
      while (this.#pieces !== undefined && (await this.#pieces.next()).done !== true);
      this.#end('left', { spent: false });
      this.#leaving.abort(new UnreachableError('drained', { code: 'left' }));
    } catch (error) {
      this.leave(endedBy(error));
    }
    await late;
  }

  /** which stage is to blame where it failed now */
  get failure(): FailureKind {
    return failureIn(this.#stage, { greets: this.#greets });
  }

  #reached(stage: 'started' | 'resolved' | 'connected', address?: string): void {
    if (address !== undefined) this.#address = address;
    if (stage === 'started') {
      this.#at = this.#parts.world.now();
      this.#enter('lookup');
    } else if (stage === 'resolved') {
      this.#stages.resolvedMs = this.#ms();
      this.#enter('connect');
    } else {
      this.#stages.connectedMs = this.#ms();
      this.#enter(this.way.tls ? 'hello' : 'connect');
    }
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#stageAt = this.#parts.world.now();
    this.#lastAt = this.#stageAt;
    this.#tell();
  }

  #count(piece: Uint8Array): Uint8Array {
    this.#downBytes += piece.length;
    this.#lastAt = this.#parts.world.now();
    return piece;
  }

  #ms(): number {
    return Math.max(0, this.#parts.world.now() - this.#at);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #end(ended: Ended, { spent }: { readonly spent: boolean }): void {
    if (this.#ended !== undefined) return;
    this.#ended = ended;
    const { pool, request, bulk, heldMs, world } = this.#parts;
    const { exchanges, upBytes, downBytes } = this.load;
    if (this.#held !== undefined)
      pool.give(this.#held, { exchanges: exchanges + 1, upBytes, downBytes }, { spent });
    this.#tell();
    const { hint: _hint, names: _names, ...way } = this.way;
    this.#parts.observe({
      way,
      at: this.#at,
      endedAt: world.now(),
      connectionAgeMs: this.#held === undefined ? 0 : world.now() - this.#held.openedAt,
      stage: this.#stage,
      blind: this.blind,
      bulk,
      held: heldMs > 0,
      exchangesBefore: exchanges,
      ...(this.#address !== undefined && { address: this.#address }),
      stages: this.#stages,
      upBytes: request.length,
      downBytes: this.#downBytes,
      connectionBytes: { up: upBytes, down: downBytes },
      ended,
    });
  }
}
