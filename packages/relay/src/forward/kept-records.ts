import { concat, decode, deferCodec, encode, uintBytes, type Defer } from '@tern/protocol';
import { dayOf, type DayVault } from '../day-vault.ts';
import { fixedRecord } from '../fixed-record.ts';
import { keys, span } from '../log-records.ts';
import { keyName } from '../overlay.ts';
import type { RelayStore, StoreTransaction, StoreView } from '../store.ts';

/** Where a kept request lies: a client's path (16 B that stand for it) and a ticket (16 B). */
export interface KeptPlace {
  readonly path: Uint8Array;
  readonly ticket: Uint8Array;
}

/** For whom a kept request is, as its note tells: names that only this relay can make, the same for the same far relay and host. */
export interface FarTag {
  readonly far: string;
  readonly host: string;
}

/** That something is to be looked at. */
export interface DueNote extends FarTag {
  readonly key: Uint8Array;
  readonly place: KeptPlace;
  /** whatever was kept before it has a smaller one */
  readonly order: number;
}

/** Bytes of each of the two names in a note. */
export const farTagBytes = 8;
/** and of its place among all that is kept, which stands behind them */
const orderBytes = 6;

/** What is in clear of a kept request. Seconds since 1970. */
interface KeptHead {
  /** place in `states` */
  readonly state: number;
  readonly notAfter: number;
  /** when it is looked at next; its note lies there */
  readonly due: number;
  readonly tries: number;
  readonly chargedBytes: number;
}

const headRecord = fixedRecord<KeptHead>({ state: 1, notAfter: 5, due: 5, tries: 2, chargedBytes: 4 });
const useRecord = fixedRecord<{ readonly bytes: number }>({ bytes: 6 });
const orderRecord = fixedRecord<{ readonly next: number }>({ next: orderBytes });
const pathBytes = 16;
const noteHeadBytes = 6;
const everybody = new Uint8Array();
/** one transaction looks at so many */
const mostAtOnce = 200;
const states = ['waiting', 'answered', 'given up'] as const;

/** A request that was kept: it waits, was answered by the far relay, or is given up, since that one's answer is too long. */
export type Kept = { readonly notAfter: number; readonly due: number; readonly tries: number } & (
  | { readonly kind: 'waiting'; readonly defer: Defer }
  | { readonly kind: 'answered'; readonly answer: Uint8Array }
  | { readonly kind: 'given up' }
);

/** @returns undefined for what is not there, is past its not-after, or whose day is over */
export function readKept(
  view: StoreView,
  vault: DayVault,
  at: { readonly place: KeptPlace; readonly second: number },
): Kept | undefined {
  const key = keys.kept(at.place.path, at.place.ticket);
  const stored = view.get(key);
  if (stored === undefined) return undefined;
  const head = headRecord.decode(stored);
  if (head.notAfter <= at.second) return undefined;
  const { notAfter, due, tries } = head;
  const kind = states[head.state];
  if (kind === 'given up') return { kind, notAfter, due, tries };
  const body = vault.open(dayOf(notAfter), stored.subarray(headRecord.bytes), key);
  if (body === undefined) return undefined;
  return kind === 'waiting'
    ? { kind, notAfter, due, tries, defer: decode(deferCodec, body) }
    : { kind: 'answered', notAfter, due, tries, answer: body };
}

/** Bytes that one path, or everybody, has kept. @param path undefined for everybody */
export function keptBytes(view: StoreView, path: Uint8Array = everybody): number {
  const stored = view.get(keys.keptUse(path));
  return stored === undefined ? 0 : useRecord.decode(stored).bytes;
}

/** Keeps a request, to be handed on at once. @returns false where the disk has no room */
export function keep(
  transaction: StoreTransaction,
  vault: DayVault,
  what: {
    readonly place: KeptPlace;
    readonly defer: Defer;
    /** names of far relay and host, {@link farTagBytes} each */
    readonly tag: Uint8Array;
    readonly chargedBytes: number;
    readonly second: number;
  },
): boolean {
  const { place, defer, tag, chargedBytes, second } = what;
  if (!transaction.charge(chargedBytes)) return false;
  const head = { state: 0, notAfter: defer.notAfter, due: second, tries: 0, chargedBytes };
  const ordered = concat(tag, orderRecord.encode({ next: takeOrder(transaction) }));
  put(transaction, vault, { place, head, body: encode(deferCodec, defer), tag: ordered });
  use(transaction, place.path, chargedBytes);
  return true;
}

/** The far relay's answer takes the request's place, until it is forgotten or its time is over. */
export function keepAnswer(
  transaction: StoreTransaction,
  vault: DayVault,
  what: { readonly place: KeptPlace; readonly answer: Uint8Array | undefined },
): void {
  const taken = takeNote(transaction, what.place);
  if (taken === undefined) return;
  const { head, tag } = taken;
  const state = what.answer === undefined ? 2 : 1;
  const next = { ...head, state, due: head.notAfter };
  put(transaction, vault, { place: what.place, head: next, body: what.answer ?? new Uint8Array(), tag });
}

/** It was not reached; it is looked at again later. */
export function keepOn(
  transaction: StoreTransaction,
  place: KeptPlace,
  { due }: { readonly due: number },
): void {
  lookAgain(transaction, place, { due, tries: 1 });
}

/** Its far relay rests; it is looked at again later, and was not tried. What is past its not-after is let go of. */
export function putOff(
  transaction: StoreTransaction,
  { key, place }: DueNote,
  { due, second }: { readonly due: number; readonly second: number },
): void {
  // a note of something that is there no more, or elsewhere by now
  if (transaction.get(key) === undefined) return;
  if (isOver(transaction, key, second)) {
    letGo(transaction, place);
    transaction.remove(key);
  } else lookAgain(transaction, place, { due, tries: 0 });
}

/**
 * Whatever waits for a later time is due now, in the order in which it was kept and before all that was not tried yet. When each is due
 * follows from what a process knew of the far relays; where that is gone, what was kept first could be due after what was kept later.
 */
export async function hurryKept(
  store: RelayStore,
  { second, signal }: { readonly second: number; readonly signal: AbortSignal },
): Promise<void> {
  let from = span('due', uintBytes(second + 1, 5)).from;
  const { to } = span('due');
  for (;;) {
    if (signal.aborted) return;
    const start = from;
    const { last, waiting } = await store.read((view) => {
      const notes = view.keys(start, to, mostAtOnce).map((key) => key.slice());
      const placed = notes.map((key) => ({ place: placeOf(key), order: tagOf(view.get(key), key).order }));
      return { last: notes.at(-1), waiting: placed.filter(({ place }) => waits(view, place)) };
    });
    if (last === undefined) return;
    if (waiting.length > 0)
      await store.write((transaction) => {
        for (const { place, order } of waiting)
          if (waits(transaction, place))
            lookAgain(transaction, place, { due: Math.min(order, second), tries: 0 });
      });
    from = concat(last, new Uint8Array(1));
  }
}

function waits(view: StoreView, { path, ticket }: KeptPlace): boolean {
  const stored = view.get(keys.kept(path, ticket));
  return stored !== undefined && states[headRecord.decode(stored).state] === 'waiting';
}

function lookAgain(
  transaction: StoreTransaction,
  place: KeptPlace,
  { due, tries }: { readonly due: number; readonly tries: number },
): void {
  const taken = takeNote(transaction, place);
  const key = keys.kept(place.path, place.ticket);
  const stored = transaction.get(key);
  if (taken === undefined || stored === undefined) return;
  const { head, tag } = taken;
  const next = {
    ...head,
    due: Math.min(due, head.notAfter),
    tries: Math.min(head.tries + tries, 65_535),
  };
  transaction.put(key, concat(headRecord.encode(next), stored.subarray(headRecord.bytes)));
  transaction.put(keys.due(next.due, place.path, place.ticket), tag);
}

/** @returns whether there was something */
export function letGo(transaction: StoreTransaction, place: KeptPlace): boolean {
  const taken = takeNote(transaction, place);
  if (taken === undefined) return false;
  const { head } = taken;
  transaction.remove(keys.kept(place.path, place.ticket));
  transaction.charge(-head.chargedBytes);
  use(transaction, place.path, -head.chargedBytes);
  return true;
}

/** Is this the note of what is kept there now? */
export function isOf({ key, place }: DueNote, { due }: Kept): boolean {
  return keyName(key) === keyName(keys.due(due, place.path, place.ticket));
}

/** Lets go of what is past its not-after or of no use, and of a note that is not its own, or of nothing. */
export function drop(
  transaction: StoreTransaction,
  vault: DayVault,
  { note, second }: { readonly note: DueNote; readonly second: number },
): void {
  const { key, place } = note;
  const kept = readKept(transaction, vault, { place, second });
  if (kept === undefined) letGo(transaction, place);
  if (kept === undefined || !isOf(note, kept)) transaction.remove(key);
}

/** What is to be looked at by now, the longest due first. @param asked.after goes on behind this one */
export function dueBy(
  view: StoreView,
  asked: { readonly second: number; readonly limit: number; readonly after: DueNote | undefined },
): readonly DueNote[] {
  const { second, limit, after } = asked;
  const from = after === undefined ? span('due').from : concat(after.key, new Uint8Array(1));
  return view.keys(from, span('due', uintBytes(second + 1, 5)).from, limit).map((key) => ({
    key,
    place: placeOf(key),
    ...tagOf(view.get(key), key),
  }));
}

/** @returns when something is to be looked at next, seconds since 1970 */
export function nextDue(view: StoreView): number | undefined {
  const { from, to } = span('due');
  const [note] = view.keys(from, to, 1);
  return note === undefined
    ? undefined
    : new DataView(note.buffer, note.byteOffset).getUint32(2) + (note[1] ?? 0) * 2 ** 32;
}

/** Lets go of everything that is past its not-after. @returns how many */
export async function expireKept(
  store: RelayStore,
  { second, signal }: { readonly second: number; readonly signal?: AbortSignal },
): Promise<number> {
  let ended = 0;
  let from = span('due').from;
  const to = span('due', uintBytes(second + 1, 5)).from;
  for (;;) {
    signal?.throwIfAborted();
    const { last, over } = await store.read((view) => {
      const notes = view.keys(from, to, mostAtOnce);
      return { last: notes.at(-1)?.slice(), over: notes.filter((note) => isOver(view, note, second)) };
    });
    if (last === undefined) return ended;
    if (over.length > 0) {
      ended += await store.write((transaction) => {
        for (const note of over) {
          if (!isOver(transaction, note, second)) continue;
          letGo(transaction, placeOf(note));
          transaction.remove(note);
        }
        return over.length;
      });
    }
    from = concat(last, new Uint8Array(1));
  }
}

/** @param note of something that is past its not-after, or is not there any more */
function isOver(view: StoreView, note: Uint8Array, second: number): boolean {
  const { path, ticket } = placeOf(note);
  const stored = view.get(keys.kept(path, ticket));
  return stored === undefined || headRecord.decode(stored).notAfter <= second;
}

/** A note that names nobody stands for itself. */
function tagOf(tag: Uint8Array | undefined, key: Uint8Array): FarTag & Pick<DueNote, 'order'> {
  if (tag?.length !== 2 * farTagBytes + orderBytes)
    return { far: keyName(key), host: keyName(key), order: 0 };
  return {
    far: keyName(tag.subarray(0, farTagBytes)),
    host: keyName(tag.subarray(farTagBytes, 2 * farTagBytes)),
    order: orderRecord.decode(tag.subarray(2 * farTagBytes)).next,
  };
}

function takeOrder(transaction: StoreTransaction): number {
  const stored = transaction.get(keys.keptOrder());
  const next = stored === undefined ? 1 : orderRecord.decode(stored).next;
  transaction.put(keys.keptOrder(), orderRecord.encode({ next: next + 1 }));
  return next;
}

function placeOf(note: Uint8Array): KeptPlace {
  return {
    path: note.slice(noteHeadBytes, noteHeadBytes + pathBytes),
    ticket: note.slice(noteHeadBytes + pathBytes),
  };
}

function put(
  transaction: StoreTransaction,
  vault: DayVault,
  what: {
    readonly place: KeptPlace;
    readonly head: KeptHead;
    readonly body: Uint8Array;
    readonly tag: Uint8Array;
  },
): void {
  const { place, head, body, tag } = what;
  const key = keys.kept(place.path, place.ticket);
  transaction.put(key, concat(headRecord.encode(head), vault.seal(dayOf(head.notAfter), body, key)));
  transaction.put(keys.due(head.due, place.path, place.ticket), tag);
}

/** The head of what is kept, and what its note said, which is gone. */
function takeNote(
  transaction: StoreTransaction,
  place: KeptPlace,
): { readonly head: KeptHead; readonly tag: Uint8Array } | undefined {
  const stored = transaction.get(keys.kept(place.path, place.ticket));
  if (stored === undefined) return undefined;
  const head = headRecord.decode(stored);
  const key = keys.due(head.due, place.path, place.ticket);
  const tag = transaction.get(key)?.slice() ?? new Uint8Array();
  transaction.remove(key);
  return { head, tag };
}

function use(transaction: StoreTransaction, path: Uint8Array, bytes: number): void {
  for (const whose of [path, everybody]) {
    const left = Math.max(0, keptBytes(transaction, whose) + bytes);
    if (left === 0 && whose === everybody) transaction.remove(keys.keptOrder());
    if (left === 0) transaction.remove(keys.keptUse(whose));
    else transaction.put(keys.keptUse(whose), useRecord.encode({ bytes: left }));
  }
}
