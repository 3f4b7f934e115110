import { RefusedError, type BatchProblem, type ResponseItem } from '@tern/protocol';
import { judgeBatch, type AskedWrite } from './batch-judge.ts';
import type { Eraser } from './eraser.ts';
import type { ForwardOffice } from './forward/forward-office.ts';
import type { Payer } from './forward/forwarder.ts';
import type { JudgeContext } from './judge-context.ts';
import type { MemoryShare } from './memory-share.ts';
import type { LogSink } from './relay-log.ts';
import { StoreFullError, type RelayStore } from './store.ts';
import type { Wakers } from './wakers.ts';

export interface WriteDeskParts {
  readonly store: RelayStore;
  readonly wakers: Wakers;
  readonly eraser: Eraser;
  readonly memory: MemoryShare;
  /** undefined where nothing is handed on */
  readonly office: ForwardOffice | undefined;
  readonly log: LogSink;
}

/** Everything of a batch that changes something, with who asks for it. */
export interface AskedWrites {
  readonly writes: readonly AskedWrite[];
  /** of the whole batch as it was opened */
  readonly digest: Uint8Array;
  readonly notAfter: number;
  readonly source: string | undefined;
  /** undefined for what came over a peer path */
  readonly payer: Payer | undefined;
  /** it lay with another relay for days, and its result is remembered as long */
  readonly deferred: boolean;
}

/** Has batches judged, one after the other, and sees to what follows from that. */
export class WriteDesk {
  readonly #parts: WriteDeskParts;
  #judging = 0;

  constructor(parts: WriteDeskParts) {
    this.#parts = parts;
  }

  /** batches that are judged, or wait for it */
  get judging(): number {
    return this.#judging;
  }

  /**
   * Returns when what was judged is durable, and not before.
   * @throws {RefusedError} `busy` for a deferred batch whose result there is no room to remember
   */
  async judge(
    context: JudgeContext,
    asked: AskedWrites,
  ): Promise<{ readonly items: readonly ResponseItem[] } | { readonly problem: BatchProblem }> {
    const { office } = this.#parts;
    const unpaid: ResponseItem[] = [];
    const writes = asked.writes.filter((write) => {
      const billed = office?.bills(write, asked.payer) ?? true;
      if (!billed) unpaid.push({ operation: write.index, result: { kind: 'quota' } });
      return billed;
    });
    if (writes.length === 0) return { items: unpaid };
    const judged = await this.#judge(context, { ...asked, writes });
    return 'problem' in judged ? judged : { items: [...unpaid, ...judged.items] };
  }

  async #judge(
    context: JudgeContext,
    asked: AskedWrites,
  ): Promise<{ readonly items: readonly ResponseItem[] } | { readonly problem: BatchProblem }> {
    const { store, wakers, eraser, memory, office, log } = this.#parts;
    const settle = memory.book(asked, asked.writes);
    let [tookBytes, keptBytes] = [0, 0];
    this.#judging += 1;
    try {
      const mayRemember = settle !== undefined;
      const verdict = await store.write((transaction) =>
        judgeBatch(transaction, context, { ...asked, mayRemember }),
      );
      if (verdict.kind === 'mismatch') return { problem: 'mismatch' };
      if (verdict.kind === 'judged') {
        const { effects } = verdict;
        tookBytes = effects.rememberedBytes;
        keptBytes = effects.keptBytes;
        wakers.wake(effects.touched);
        if (effects.erased.length > 0) eraser.finish(effects.erased);
        if (keptBytes > 0) office?.wake();
      }
      return { items: verdict.items };
    } catch (cause) {
      if (cause instanceof RefusedError && cause.code === 'busy' && !asked.deferred)
        return { problem: 'busy' };
      if (!(cause instanceof StoreFullError)) throw cause;
      log({ event: 'full' });
      return { items: asked.writes.map(({ index }) => ({ operation: index, result: { kind: 'full' } })) };
    } finally {
      this.#judging -= 1;
      settle?.(tookBytes);
      office?.settles(asked.writes, asked.payer, keptBytes);
    }
  }
}
