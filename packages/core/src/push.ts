import {
  capabilityCodec,
  decode,
  type ChunkId,
  type ConversationId,
  type Hint,
  type LogId,
  type Result,
} from '@tern/protocol';
import type { Outgoing as Sent } from '@tern/reach';
import { putChunk } from './chunk-transfer.ts';
import type { StoreChange, StoreView } from './client-store.ts';
import { isRequested } from './conversation-choices.ts';
import { activeLog, conversationTable } from './conversation.ts';
import { hostName, selfOf, type Engine } from './engine.ts';
import { followedLogTable, logKeysAt } from './followed-log.ts';
import { groupRecordTable } from './group-record.ts';
import { openSession, saveSession, type GroupSession } from './group-session.ts';
import { adoptStaged, sealReceipt, sealWaiting, stageWanted } from './group-writer.ts';
import {
  deleteOutgoing,
  outbox,
  outgoingAt,
  replaceOutgoing,
  type Outgoing,
  type OutboxKey,
  type SealedEntry,
} from './outbox.ts';
import { chunkOfEntry } from './sealed-entry.ts';

/** What one round of sending to one relay came to. */
export interface Pushed {
  /** something left or changed: there may be more to do */
  readonly more: boolean;
  /** something arrived; without that, trying again and again would bring nothing forward */
  readonly moved: boolean;
  /** the logs to which something was added, commits too: whoever watches them is told */
  readonly logs: readonly LogId[];
  readonly refusals: readonly Result['kind'][];
}

export const nothingPushed: Pushed = { more: false, moved: false, logs: [], refusals: [] };

/** A batch carries at most so many bytes of entries, so that it stays under 64 KiB. */
const batchEntryBytes = 50_000;
/** what an append, its proof and its part of the sealing weigh beside the entry */
const besideEntryBytes = 600;

/** A thing that is ready to leave, and what its answer means. */
interface Ready {
  readonly entry: SealedEntry;
  readonly next?: { readonly payload: Uint8Array; readonly signature: Uint8Array };
  /** absent for a commit, which stays with its group */
  readonly key?: OutboxKey;
}

/**
 * Seals what can be sealed and sends what is ready, oldest first, in one batch; chunks go before the entries that name them. Files wait
 * for nobody here: a message whose file is still on its way is passed over, and gets its number when it leaves.
 */
export async function push(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal },
): Promise<Pushed> {
  if (!(await engine.store.read((view) => anythingFor(engine, view, host)))) return nothingPushed;
  const ready = await engine.store.change((change) => prepare(engine, change, host), options);
  if (ready.length === 0) return nothingPushed;
  const refusals: Result['kind'][] = [];
  const sendable: Ready[] = [];
  // a path that stops larger requests gets smaller ones; one entry always goes
  const most = Math.min(batchEntryBytes, engine.path(host).budget.upBytes);
  let bytes = 0;
  for (const one of ready) {
    bytes += one.entry.entry.length + besideEntryBytes;
    if (sendable.length > 0 && bytes > most) break;
    const refused = await putBeside(engine, host, one.entry, options);
    if (refused !== undefined) refusals.push(refused);
    sendable.push(one);
  }
  const { results } = await engine.path(host).exchange(sendable.map(appendOf), options);
  const answered = sendable.flatMap((one, at) => {
    const result = results[at]?.at(-1);
    return result === undefined ? [] : [{ one, result }];
  });
  for (const { one } of answered) forgetBeside(engine, one.entry);
  const more = await engine.store.change((change) => settle(engine, change, answered), options);
  // a commit counts as arrived once it was read: told so again and again, nothing comes forward
  const arrived = answered.filter(({ one, result }) => hasArrived(result) && one.key !== undefined);
  // an inbox that is not there yet is no trouble: whoever made the invitation has not been online
  const early = ({ one, result }: Answered): boolean =>
    result.kind === 'refused' && one.entry.capability !== undefined;
  for (const one of answered) if (!hasArrived(one.result) && !early(one)) refusals.push(one.result.kind);
  const logs = answered.flatMap(({ one, result }) => (result.kind === 'stored' ? [one.entry.log] : []));
  return { more, moved: arrived.length > 0, logs, refusals };
}

interface Answered {
  readonly one: Ready;
  readonly result: Result;
}

function hasArrived(result: Result): result is Extract<Result, { readonly kind: 'stored' | 'duplicate' }> {
  return result.kind === 'stored' || result.kind === 'duplicate';
}

export function appendOf({ entry, next }: Omit<Ready, 'key'>): Sent {
  return {
    operation: {
      kind: 'append',
      log: entry.log,
      number: entry.number,
      entry: entry.entry,
      ...(next === undefined ? {} : { next }),
      ...(entry.capability === undefined ? {} : { capability: entry.capability }),
    },
    seeds: [entry.seed],
  };
}

async function putBeside(
  engine: Engine,
  host: Hint,
  entry: SealedEntry,
  options: { readonly signal: AbortSignal },
): Promise<Result['kind'] | undefined> {
  const named = chunkOfEntry(entry.entry);
  if (named === undefined || entry.chunk === undefined) return undefined;
  const { log, number, seed } = entry;
  const name = besideName(log, named.chunk);
  if (engine.beside.has(name)) return undefined;
  const put = await putChunk(
    engine.path(host),
    { log, number, seed, chunk: named.chunk, content: entry.chunk },
    { ...options, words: true },
  );
  if (put.kind === 'refused') return put.because;
  engine.beside.add(name);
  return undefined;
}

function besideName(log: LogId, chunk: ChunkId): string {
  return `${log} ${chunk}`;
}

/** It is there with its entry, or has to be put there anew. */
function forgetBeside(engine: Engine, { entry, log }: SealedEntry): void {
  const named = chunkOfEntry(entry);
  if (named !== undefined) engine.beside.delete(besideName(log, named.chunk));
}

/** Cheap look before the store is taken for a change. */
export async function anythingFor(engine: Engine, view: StoreView, host: Hint): Promise<boolean> {
  const here = new Set<LogId>();
  for (const [, followed] of await followedLogTable.list(view, '')) {
    if (hostName(followed.host) !== hostName(host)) continue;
    here.add(followed.log);
    if (followed.kind !== 'group' || followed.ended || !engine.caughtUp.has(followed.log)) continue;
    const record = await groupRecordTable.get(view, '', followed.log);
    if (record === undefined) continue;
    if (
      record.staged !== undefined ||
      record.adds.length > 0 ||
      record.removes.length > 0 ||
      engine.now() >= record.refreshAt
    )
      return true;
  }
  for (const [, outgoing] of await outbox(view)) {
    if (outgoing.kind === 'message' && outgoing.failed !== undefined) continue;
    if (outgoing.sealed !== undefined) {
      if (hostName(outgoing.sealed.host) === hostName(host)) return true;
    } else if (outgoing.kind === 'again' || (outgoing.kind === 'message' && outgoing.blobs.length === 0)) {
      const conversation = await conversationTable.get(view, '', outgoing.conversation);
      const log = conversation === undefined ? undefined : activeLog(conversation);
      if (log !== undefined && here.has(log) && engine.caughtUp.has(log)) return true;
    }
  }
  for (const [, conversation] of await conversationTable.list(view, '')) {
    const log = activeLog(conversation);
    if (!conversation.receiptDue || log === undefined || !here.has(log) || !engine.caughtUp.has(log))
      continue;
    if (!(await isRequested(engine, view, conversation))) return true;
  }
  return false;
}

/** Everything that may leave for this relay now, sealed and durable. */
async function prepare(engine: Engine, change: StoreChange, host: Hint): Promise<readonly Ready[]> {
  const self = await selfOf(engine, change);
  const commits: Ready[] = [];
  const held = new Set<LogId>();
  for (const [, conversation] of await conversationTable.list(change, '')) {
    for (const { log, state } of conversation.groups) {
      const followed = state === 'joined' ? await followedLogTable.get(change, '', log) : undefined;
      if (
        followed === undefined ||
        followed.toCreate ||
        hostName(followed.host) !== hostName(host) ||
        !engine.caughtUp.has(log)
      )
        continue;
      const session = await openSession(engine, change, log);
      if (session === undefined) continue;
      await stageWanted(engine, change, session);
      const { staged } = session.record;
      if (staged !== undefined) {
        held.add(log); // messages wait for the word on the commit, so that they need not be sealed twice
        const keys = await logKeysAt(change, log, followed.number);
        const { number } = followed;
        if (keys !== undefined)
          commits.push({ entry: { ...staged, log, host, number, seed: keys.append }, next: staged.next });
      } else if (activeLog(session.conversation) === log) {
        await unsealPast(change, session);
        const items = (await outbox(change)).filter(([, one]) => waitsFor(one, session.conversation.id));
        await sealWaiting(engine, change, session, { items: items.slice(0, 64), self });
        if (!(await isRequested(engine, change, session.conversation)))
          await sealReceipt(engine, change, session, self);
      }
      await saveSession(engine, change, session);
    }
  }
  const ready: Ready[] = [...commits];
  for (const [key, outgoing] of await outbox(change)) {
    const { sealed } = outgoing;
    if (sealed === undefined || held.has(sealed.log) || hostName(sealed.host) !== hostName(host)) continue;
    if ('failed' in outgoing && outgoing.failed !== undefined) continue;
    if (outgoing.kind !== 'entry' && !engine.caughtUp.has(sealed.log)) continue;
    ready.push({ entry: sealed, key });
  }
  return ready;
}

/**
 * What was sealed for an epoch that went past would be refused, and what is sealed now would overtake it: it is sealed again with that, in
 * the order in which it was written. Whatever of it had arrived was read by now, and waits no more.
 */
async function unsealPast(change: StoreChange, session: GroupSession): Promise<void> {
  const { followed, conversation } = session;
  const waiting = await outbox(change);
  if (!waiting.some(([, one]) => waitsFor(one, conversation.id))) return;
  for (const [key, one] of waiting) {
    const past = one.sealed?.log === followed.log && one.sealed.number < followed.number;
    if (!past || one.kind === 'entry' || ('failed' in one && one.failed !== undefined)) continue;
    unseal(change, key, one);
    if (one.kind === 'receipt') session.conversation = { ...session.conversation, receiptDue: true };
  }
}

/** It can be sealed in this conversation. */
export function waitsFor(outgoing: Outgoing, conversation: string): boolean {
  if (outgoing.kind === 'message')
    return (
      outgoing.conversation === conversation && outgoing.sealed === undefined && outgoing.blobs.length === 0
    );
  return outgoing.kind === 'again' && outgoing.conversation === conversation && outgoing.sealed === undefined;
}

/** Why a thing will not leave however often it is tried. */
const final: ReadonlySet<Result['kind']> = new Set([
  'spent',
  'expired',
  'revoked',
  'malformed',
  'unsupported',
]);

/** What the relay said takes effect. @returns whether something changed */
export async function settle(
  engine: Engine,
  change: StoreChange,
  answered: readonly Answered[],
): Promise<boolean> {
  let moved = false;
  for (const { one, result } of answered) {
    const arrived = hasArrived(result);
    const stale = result.kind === 'stale-epoch' || result.kind === 'conflict' || result.kind === 'refused';
    if (stale) engine.caughtUp.delete(one.entry.log);
    if (one.key === undefined) {
      moved = (await settleCommit(engine, change, one, result)) || moved;
      continue;
    }
    const outgoing = await outgoingAt(change, one.key);
    if (outgoing?.sealed?.id !== one.entry.id) continue; // another process was faster
    const ended = final.has(result.kind) ? result.kind : endedBefore(engine, outgoing.sealed);
    if (arrived) deleteOutgoing(change, one.key);
    else if (ended !== undefined) fail(change, one.key, outgoing, ended);
    else if (stale && outgoing.kind !== 'entry') {
      unseal(change, one.key, outgoing);
      if (outgoing.kind === 'receipt') await oweReceipt(change, outgoing.conversation);
    } else continue;
    moved = true;
  }
  return moved;
}

/** An invitation that ran out while its maker was away will not be answered any more. */
function endedBefore(engine: Engine, sealed: SealedEntry): 'expired' | undefined {
  if (sealed.capability === undefined) return undefined;
  const { notAfter } = decode(capabilityCodec, sealed.capability.payload);
  return notAfter * 1000 < engine.now() ? 'expired' : undefined;
}

async function settleCommit(
  engine: Engine,
  change: StoreChange,
  one: Ready,
  result: Result,
): Promise<boolean> {
  // when another commit won, ours is dropped as soon as that one was read, and not on the relay's word alone
  if (!hasArrived(result)) return false;
  const session = await openSession(engine, change, one.entry.log);
  if (session?.record.staged?.id !== one.entry.id) return false;
  // what others wrote before it is read first, and it with them: the next epoch's key does not open that any more (rule 12)
  if (result.seq !== session.followed.cursor + 1) return true;
  await adoptStaged(engine, change, session);
  await saveSession(engine, change, session);
  return true;
}

function fail(change: StoreChange, key: OutboxKey, outgoing: Outgoing, because: string): void {
  if (outgoing.kind === 'message' || outgoing.kind === 'entry')
    replaceOutgoing(change, key, { ...outgoing, failed: because });
  else deleteOutgoing(change, key);
}

/** Its epoch went past: it will be sealed again in the one that is in force when we have caught up (rule 12). */
function unseal(change: StoreChange, key: OutboxKey, outgoing: Outgoing): void {
  if (outgoing.kind === 'message') {
    const { sealed: _, ...rest } = outgoing;
    replaceOutgoing(change, key, rest);
  } else {
    deleteOutgoing(change, key); // receipts and requests are made anew from what is so then
  }
}

/** A receipt that did not arrive is owed as before: nothing else need come before the next one. */
async function oweReceipt(change: StoreChange, id: ConversationId): Promise<void> {
  const conversation = await conversationTable.get(change, '', id);
  if (conversation !== undefined)
    conversationTable.put(change, '', id, { ...conversation, receiptDue: true });
}
