import type { Client, ClientStore, GapView, MessageView } from '@tern/core';
import { conversationTable, followedLogTable, groupRecordTable, outbox } from '@tern/core/testing';
import type { ConversationId, MessageId, PersonId } from '@tern/protocol';
import type { Line } from '../programs/crash-command.ts';
import { faultsBetween, type Side } from '../support/crash-check.ts';
import { here } from './prepared.ts';
import { isIn, type PersonName, type RelayName, type Talk } from './schedule.ts';

/** A text that was promised to leave. */
export interface Said {
  readonly id: MessageId;
  readonly by: PersonName;
  readonly in: Talk;
}

/** Who is there, and what their conversations are called in their stores. */
export interface Circle {
  readonly people: ReadonlyMap<PersonName, { readonly id: PersonId }>;
  readonly talks: ReadonlyMap<Talk, ConversationId>;
}

/** Somebody's device. */
export interface Somebody {
  readonly store: ClientStore;
  /** undefined while it is dead */
  readonly client: Client | undefined;
  /** What somebody outside is told; undefined where it is dead, or dies before it has answered. */
  ask<T>(work: (client: Client) => Promise<T>): Promise<T | undefined>;
}

type Shown = readonly (MessageView | GapView)[];

/** of those who did not see the end of a conversation, what can be said all the same */
const alwaysWrong =
  /stands twice|is seen twice|was never written|out of order|says something else|stored and did not arrive/u;

/** What was promised and shown, and what of it is not so. */
export class Records {
  readonly #circle: Circle;
  readonly #people: ReadonlyMap<PersonName, Somebody>;
  readonly #said: Said[] = [];
  /** told to be on a relay, at some time */
  readonly #stored = new Set<MessageId>();
  /** texts of others that somebody was shown, by whom */
  readonly #seen = new Map<PersonName, Set<MessageId>>();
  /** who was sent away from the group, and what was on the relay then */
  readonly #left = new Map<PersonName, ReadonlySet<MessageId>>();

  constructor(circle: Circle, people: ReadonlyMap<PersonName, Somebody>) {
    this.#circle = circle;
    this.#people = people;
  }

  get texts(): number {
    return this.#said.length;
  }

  said(one: Said): void {
    this.#said.push(one);
  }

  /** Somebody looks at everything, and is believed to have seen it. */
  async look(who: PersonName | RelayName, { read = false }: { readonly read?: boolean } = {}): Promise<void> {
    if (who === 'first' || who === 'second') return;
    await this.#people.get(who)?.ask(async (client) => {
      for (const [talk, id] of this.#circle.talks) {
        if (!isIn(who, talk)) continue;
        const lines = await client.messages(id);
        this.#remember(who, lines);
        const unread = messagesIn(lines).filter((line) => !line.fromMe && line.status !== 'read');
        const ids = unread.map((line) => line.id);
        if (read) void client.markRead(id, ids);
      }
    });
  }

  /** Somebody is about to be sent away from the group: what is on the relay by now is for them too. */
  async leaves(who: PersonName): Promise<void> {
    for (const one of this.#people.keys()) await this.look(one);
    this.#left.set(who, new Set(this.#stored));
  }

  /** Everything that is not as it should be when nothing more is to come. */
  async faults(): Promise<readonly string[]> {
    const faults: string[] = [];
    for (const [name, { client }] of this.#people) {
      if (client === undefined) faults.push(`${name} is not there`);
      else if (await client.queued()) faults.push(`${name} has things that wait`);
    }
    if (faults.length > 0) return faults;
    const shown = new Map<string, Shown>();
    for (const [name, { client }] of this.#people)
      for (const [talk, id] of this.#circle.talks) {
        if (!isIn(name, talk)) continue;
        const lines = await here(client).messages(id);
        shown.set(`${name} ${talk}`, lines);
        const ids = new Set(messagesIn(lines).map((line) => line.id));
        for (const one of this.#seen.get(name) ?? [])
          if (!ids.has(one) && !(await here(client).message(one)))
            faults.push(`${name} saw ${one}, which is gone`);
        this.#remember(name, lines);
      }
    for (const talk of this.#circle.talks.keys())
      for (const [one, other] of pairsOf([...this.#people.keys()].filter((name) => isIn(name, talk)))) {
        const sides = [
          await this.#side(one, other, talk, shown),
          await this.#side(other, one, talk, shown),
        ] as const;
        const found = faultsBetween(...sides).map((fault) => `${talk}: ${fault}`);
        const gone = talk === 'group' && (this.#left.has(one) || this.#left.has(other));
        faults.push(...(gone ? found.filter((fault) => alwaysWrong.test(fault)) : found));
        // whether it came to somebody who has left nobody is told
        if (talk === 'group' && this.#left.size > 0) continue;
        for (const by of [one, other]) faults.push(...unheard(by, talk, here(shown.get(`${by} ${talk}`))));
      }
    return [...faults, ...(await this.#disagreements())];
  }

  #remember(who: PersonName, lines: Shown): void {
    const seen = this.#seen.get(who) ?? new Set();
    this.#seen.set(who, seen);
    for (const line of messagesIn(lines)) {
      if (!line.fromMe) seen.add(line.id);
      else if (line.status !== 'queued' && line.status !== 'failed') this.#stored.add(line.id);
    }
  }

  async #side(
    one: PersonName,
    other: PersonName,
    talk: Talk,
    shown: ReadonlyMap<string, Shown>,
  ): Promise<Side> {
    const lines = here(shown.get(`${one} ${talk}`));
    const from = here(this.#circle.people.get(other)).id;
    const durable = this.#said.filter((said) => said.by === one && said.in === talk).map(({ id }) => id);
    const before = talk === 'group' ? this.#left.get(other) : undefined;
    const notices = await here(this.#people.get(one)?.client).notices(this.#id(talk));
    return {
      name: one,
      journal: {
        durable: new Map(durable.filter((id) => before?.has(id) ?? true).map((id) => [id, other])),
        stored: this.#stored,
        invited: new Set(),
      },
      lines: lines.flatMap((line): Line[] => {
        if (line.kind === 'gap') return line.from === from ? [{ kind: 'gap', missing: line.missing }] : [];
        if (!line.fromMe && line.from !== from) return [];
        const { id, fromMe, number, position, status, text = '' } = line;
        return [{ kind: 'message', id, fromMe, number, position, status, text }];
      }),
      // who is sent away is told of; everything else that is told is of what went wrong
      notices: notices
        .map(({ kind }) => kind)
        .filter((kind) => this.#left.size === 0 || kind !== 'device-removed'),
      invitations: [],
    };
  }

  #id(talk: Talk): ConversationId {
    return here(this.#circle.talks.get(talk));
  }

  /** Between the stores: the same epoch of the same groups, nothing staged, nothing that waits. */
  async #disagreements(): Promise<readonly string[]> {
    const faults: string[] = [];
    const epochs = new Map<string, Map<PersonName, number>>();
    const none = (): Map<PersonName, number> => new Map();
    for (const [name, { store }] of this.#people) {
      await store.read(async (view) => {
        const waiting = (await outbox(view)).filter(([, one]) => !this.#left.has(name) || !('failed' in one));
        if (waiting.length > 0)
          faults.push(`${name}: ${waiting.map(([, one]) => one.kind).join(', ')} in the outbox`);
        for (const [log, followed] of await followedLogTable.list(view, '')) {
          if (followed.kind !== 'group' || followed.ended) continue;
          const record = await groupRecordTable.get(view, '', log);
          if (record?.staged !== undefined || (record?.adds.length ?? 0) > 0)
            faults.push(`${name}: a commit waits in ${log.slice(0, 8)}`);
          epochs.set(log, (epochs.get(log) ?? none()).set(name, followed.number));
        }
        for (const [, conversation] of await conversationTable.list(view, ''))
          if (!conversation.groups.some(({ state }) => state === 'joined') && !this.#left.has(name))
            faults.push(`${name} is in no group of ${conversation.id.slice(0, 8)}`);
      });
    }
    for (const [log, numbers] of epochs)
      if (new Set(numbers.values()).size > 1)
        faults.push(`epochs of ${log.slice(0, 8)} differ: ${JSON.stringify([...numbers])}`);
    return faults;
  }
}

/** Texts that arrived, as everything did, and whose writer was not told. */
function unheard(by: PersonName, talk: Talk, lines: Shown): readonly string[] {
  return messagesIn(lines)
    .filter((line) => line.fromMe && line.status === 'stored')
    .map((line) => `${talk}: ${by} does not know that ${line.id} arrived`);
}

function messagesIn(lines: Shown): readonly MessageView[] {
  return lines.filter((line) => line.kind === 'message');
}

function pairsOf<T>(all: readonly T[]): readonly (readonly [T, T])[] {
  return all.flatMap((one, at) => all.slice(at + 1).map((other) => [one, other] as const));
}
