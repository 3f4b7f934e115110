import {
  proofMessage,
  type BatchId,
  type LogId,
  type Primitives,
  type RelayId,
  type WireOperation,
} from '@tern/protocol';
import type { DayVault } from './day-vault.ts';
import type { Keeping } from './forward/defer-rules.ts';
import type { RelayLimits } from './limits-table.ts';
import type { PolicyMemory } from './log-ledger.ts';

/** What judging any operation needs. */
export interface JudgeContext {
  readonly primitives: Primitives;
  readonly relay: RelayId;
  readonly limits: RelayLimits;
  readonly vault: DayVault;
  readonly policies: PolicyMemory;
  /** stands where there is no key to check against, so that nobody can tell by the time (rule 10) */
  readonly nobodysKey: Uint8Array;
  /** the batch that is judged */
  readonly batch: BatchId;
  /** now, seconds since 1970 */
  readonly second: number;
  /** undefined where no requests for other relays are kept */
  readonly keeping?: Keeping;
}

/** What a batch did, to be acted on once it is durable. */
export interface Effects {
  /** logs with something new for their readers */
  readonly touched: Set<LogId>;
  /** sealed values that were erased, to be overwritten where they still lie */
  readonly erased: { readonly log: LogId; readonly seq: number; readonly sealed: Uint8Array }[];
  /** whether anything was written that makes the batch worth remembering */
  wrote: boolean;
  /** what remembering it takes */
  rememberedBytes: number;
  /** what requests for other relays that were kept anew are billed as */
  keptBytes: number;
}

/** Whether the operation's proof at this place is by this key (rule 9). Without a proof or a key it takes the same time. */
export function proves(
  context: JudgeContext,
  wire: WireOperation,
  proof: { readonly key: Uint8Array | undefined; readonly at?: number },
): boolean {
  const signature = wire.proofs[proof.at ?? 0] ?? new Uint8Array(64);
  const message = proofMessage(context.primitives, wire, { relay: context.relay, batch: context.batch });
  const right = context.primitives.ed25519Verify(proof.key ?? context.nobodysKey, message, signature);
  return right && proof.key !== undefined;
}
