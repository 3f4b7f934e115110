import { MalformedError, UnreachableError, type Hint, type World } from '@tern/protocol';
import type { Answer } from './answer.ts';
import { budgetStart, nextBudget, type Budget, type BudgetOutcome, type LearnedBudget } from './budget.ts';
import { coarseObservation } from './coarse-observation.ts';
import type { Observation } from './diagnosis/observation.ts';
import type { Transport, Vantage } from './transport.ts';

/** The last time something came from a relay. */
export interface LastExchange {
  /** what carried it: `https`, `websocket` */
  readonly transport: string;
  /** from the request's leaving to the answer's first byte, of the last exchange that no watch held open */
  readonly latencyMs?: number;
  /** milliseconds since 1970, by our own clock */
  readonly at: number;
}

export interface MeterParts {
  readonly transport: Transport;
  readonly world: World;
  /** told what each attempt to reach the relay showed: by the transport where it can, else as far as it is seen from here */
  readonly observe?: (observation: Observation) => void;
}

export interface MeteredRequest {
  readonly to: Hint;
  readonly bytes: Uint8Array;
  /** the relay may keep the answer back for so long; 0 for not at all */
  readonly heldMs: number;
  readonly bulk: boolean;
  readonly signal: AbortSignal;
  readonly sealedFor?: (vantage: Vantage) => Uint8Array;
  /** told whence it was sent, before anything of an answer is read */
  readonly sentFrom?: (vantage: Vantage) => void;
}

/** What came of an answer until now. */
interface Came {
  transport: string;
  downBytes: number;
  firstAt: number | undefined;
  lastAt: number | undefined;
  error: unknown;
}

/** Codes of failures that a smaller batch may be spared. */
const mayBeTheSize: ReadonlySet<string> = new Set(['silent', 'cut', 'unreachable']);

/** Looks on while a path's requests are carried, and learns from it what the path lets through and how quick it is. */
export class PathMeter {
  readonly #parts: MeterParts;
  #budget: LearnedBudget = budgetStart;
  #last: LastExchange | undefined;

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  /** what the transport says of the way it would take, or what was learnt here */
  budget(to: Hint, options: { readonly bulk: boolean }): Budget {
    const said = this.#parts.transport.budget?.(to, options);
    if (said !== undefined) return said;
    return { upBytes: this.#budget.up.bytes, downBytes: this.#budget.down.bytes };
  }

  get last(): LastExchange | undefined {
    return this.#last;
  }

  /** @param read takes the pieces and makes an answer of them; what it throws is thrown here */
  async carry(
    request: MeteredRequest,
    read: (pieces: AsyncIterable<Uint8Array>) => Promise<Answer>,
  ): Promise<Answer> {
    const { heldMs, bulk, signal, sealedFor } = request;
    const held = heldMs > 0;
    const began = this.#parts.world.now();
    const came: Came = {
      transport: this.#parts.transport.name,
      downBytes: 0,
      firstAt: undefined,
      lastAt: undefined,
      error: undefined,
    };
    let told = false;
    let judge: ((sound: boolean) => void) | undefined;
    const pieces = this.#parts.transport.carry(request.to, request.bytes, {
      signal,
      heldMs,
      ...(bulk && { bulk }),
      ...(sealedFor !== undefined && { sealedFor }),
      carriedBy(name, vantage) {
        came.transport = name;
        if (vantage !== undefined) request.sentFrom?.(vantage);
      },
      judged(call) {
        judge = call;
      },
      observed: (observation) => {
        told = true;
        this.#parts.observe?.(observation);
      },
    });
    const counted = async function* (now: () => number): AsyncIterable<Uint8Array> {
      try {
        for await (const piece of pieces) {
          came.lastAt = now();
          came.firstAt ??= came.lastAt;
          came.downBytes += piece.length;
          yield piece;
        }
      } catch (error) {
        came.error = error; // what came before it may be an answer all the same
        throw error;
      }
    };
    const learn = (kind: BudgetOutcome['kind']): void => {
      const { downBytes } = came;
      this.#budget = nextBudget(this.#budget, { kind, upBytes: request.bytes.length, downBytes });
    };
    const observe = (error?: unknown): void => {
      const { to, bytes } = request;
      const times = { beganAt: began, endedAt: this.#parts.world.now() };
      if (told) return;
      const seen = { to, held, ...times, ...came, upBytes: bytes.length };
      this.#parts.observe?.(coarseObservation({ ...seen, error: came.error ?? error }));
    };
    try {
      const answer = await read(counted(() => this.#parts.world.now()));
      learn(answer.kind === 'sealed' && !answer.whole ? 'stopped' : 'passed');
      judge?.(true);
      observe();
      const at = came.firstAt ?? this.#parts.world.now();
      const latencyMs = held ? this.#last?.latencyMs : at - began;
      this.#last = { transport: came.transport, at, ...(latencyMs !== undefined && { latencyMs }) };
      return answer;
    } catch (error) {
      observe(error);
      if (isNoAnswer(error)) judge?.(false);
      // a watch on which nothing came may have been forgotten while everybody slept: that says nothing about sizes
      const telling = !held || came.downBytes > 0;
      if (error instanceof UnreachableError && telling && mayBeTheSize.has(error.code)) learn('stopped');
      throw error;
    }
  }
}

/** Somebody else answered, or the relay sealed nonsense. */
function isNoAnswer(error: unknown): boolean {
  return (
    error instanceof MalformedError || (error instanceof UnreachableError && error.code === 'not-a-relay')
  );
}
