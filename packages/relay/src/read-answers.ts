import type { AskedRead } from './batch-opening.ts';
import { answerGet } from './chunk-rules.ts';
import { answerCollect, answerForward, type ForwardDesk } from './forward/forward-answer.ts';
import type { Payer } from './forward/forwarder.ts';
import type { JudgeContext } from './judge-context.ts';
import type { ItemTray } from './log-reader.ts';
import { answerWatch, type WatchDesk } from './watch-answer.ts';

/** What reading needs, beside what judging does. */
export interface ReadDesk extends WatchDesk {
  /** undefined where nothing is handed on */
  readonly forward: ForwardDesk | undefined;
  card(): Uint8Array;
}

/** Answers everything of a batch that changes nothing, one after the other, in its order. */
export async function answerReads(
  desk: ReadDesk,
  context: JudgeContext,
  asked: {
    readonly reads: readonly AskedRead[];
    readonly tray: ItemTray;
    readonly session: string;
    /** for whom something may be handed on; undefined for what came over a peer path */
    readonly payer: Payer | undefined;
    readonly source: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { reads, tray, session, payer, source, signal } = asked;
  const count = (kind: AskedRead['operation']['kind']): number =>
    reads.filter(({ operation }) => operation.kind === kind).length;
  const forwards = count('forward');
  const mayWait = count('watch') === 1 && forwards === 0;
  let gets = 0;
  for (const { index, operation, wire } of reads) {
    switch (operation.kind) {
      case 'hello':
        tray.add(index, { kind: 'card', card: desk.card(), others: [] });
        break;
      case 'get': {
        gets += 1;
        if (gets > context.limits.getsOfBatch) {
          tray.add(index, { kind: 'quota' });
          break;
        }
        const got = await desk.store.read((view) =>
          answerGet(view, context, { operation, wire, roomBytes: tray.freeBytes }),
        );
        tray.add(index, got);
        break;
      }
      case 'watch':
        await answerWatch(desk, context, { operation, wire, index, session, tray, mayWait, source, signal });
        break;
      case 'forward': {
        const only = forwards === 1;
        const { batch } = context;
        await answerForward(desk.forward, { operation, batch, payer, index, only, tray, signal });
        break;
      }
      case 'collect':
        await answerCollect(desk.forward, context, { operation, index, tray });
        break;
    }
  }
}
