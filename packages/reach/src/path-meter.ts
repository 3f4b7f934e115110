import { UnreachableError, type Hint } from '@tern/protocol';
import type { Answer } from './answer.ts';
import { budgetStart, nextBudget, type Budget, type BudgetOutcome, type LearnedBudget } from './budget.ts';
import type { Transport } from './transport.ts';

/** The last time something came from a relay. */
export interface LastExchange {
  /** what carried it: `https`, `websocket` */
  readonly transport: string;
  /** from the request's leaving to the answer's first byte, of the last exchange that no watch held open */
  readonly latencyMs?: number;
  /** milliseconds since 1970, by our own clock */
  readonly at: number;
}

export interface MeteredRequest {
  readonly to: Hint;
  readonly bytes: Uint8Array;
  /** the relay may keep the answer back */
  readonly held: boolean;
  readonly bulk: boolean;
  readonly signal: AbortSignal;
}

/** Codes of failures that a smaller batch may be spared. */
const mayBeTheSize: ReadonlySet<string> = new Set(['silent', 'cut', 'unreachable']);

/** Looks on while a path's requests are carried, and learns from it what the path lets through and how quick it is. */
export class PathMeter {
  readonly #transport: Transport;
  readonly #now: () => number;
  #budget: LearnedBudget = budgetStart;
  #last: LastExchange | undefined;

  constructor(transport: Transport, now: () => number) {
    this.#transport = transport;
    this.#now = now;
  }

  /** what the transport says of the way it would take, or what was learnt here */
  budget(to: Hint, options: { readonly bulk: boolean }): Budget {
    const said = this.#transport.budget?.(to, options);
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
    const { held, bulk, signal } = request;
    const began = this.#now();
    const came = { transport: this.#transport.name, downBytes: 0, firstAt: undefined as number | undefined };
    const pieces = this.#transport.carry(request.to, request.bytes, {
      signal,
      held,
      ...(bulk && { bulk }),
      carriedBy(name) {
        came.transport = name;
      },
    });
    const counted = async function* (now: () => number): AsyncIterable<Uint8Array> {
      for await (const piece of pieces) {
        came.firstAt ??= now();
        came.downBytes += piece.length;
        yield piece;
      }
    };
    const learn = (kind: BudgetOutcome['kind']): void => {
      const { downBytes } = came;
      this.#budget = nextBudget(this.#budget, { kind, upBytes: request.bytes.length, downBytes });
    };
    try {
      const answer = await read(counted(this.#now));
      learn(answer.kind === 'sealed' && !answer.whole ? 'stopped' : 'passed');
      const at = came.firstAt ?? this.#now();
      const latencyMs = held ? this.#last?.latencyMs : at - began;
      this.#last = { transport: came.transport, at, ...(latencyMs !== undefined && { latencyMs }) };
      return answer;
    } catch (error) {
      // a watch on which nothing came may have been forgotten while everybody slept: that says nothing about sizes
      const telling = !held || came.downBytes > 0;
      if (error instanceof UnreachableError && telling && mayBeTheSize.has(error.code)) learn('stopped');
      throw error;
    }
  }
}
