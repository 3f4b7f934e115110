/** A home of memory behind the app's own contract: deterministic, with as many messages as wanted, told by a test what happens. */
import type {
  ContactView,
  ConversationFlags,
  ConversationSummary,
  ConversationWindow,
  FileView,
  MessageView,
  NoticeView,
  SearchHit,
  TransferView,
  WindowLine,
} from '@tern/core';
import type { ConversationId, DeviceId, MessageId, PersonId, RelayId } from '@tern/protocol';
import type { AppApi, ConnectionsView, HomeState, WindowUpdate } from '../../src/engine/app-api.ts';
import { Latest } from '../../src/engine/latest.ts';
import { windowUpdate } from '../../src/engine/window-update.ts';

export interface FakeConversation {
  readonly name: string;
  readonly kind?: 'pair' | 'group';
  /** names of everybody else in a group */
  readonly people?: readonly string[];
  readonly lines?: readonly FakeLine[];
  readonly state?: 'waiting' | 'connected';
  readonly request?: boolean;
  readonly verified?: boolean;
  readonly blocked?: boolean;
  readonly flags?: Partial<ConversationFlags>;
  readonly draft?: string;
  /** so many of others' last messages are not read */
  readonly unread?: number;
  /** that many messages instead of `lines` */
  readonly filled?: number;
}

export type FakeLine =
  | (Partial<Pick<MessageView, 'text' | 'status' | 'edited' | 'deleted' | 'newer' | 'because'>> & {
      /** a name; absent for one's own */
      readonly by?: string;
      /** minutes before the scene's present */
      readonly ago?: number;
      readonly file?: FileView;
      /** how many lines before this one stands what it answers */
      readonly answers?: number;
      readonly reactions?: readonly (readonly [by: string, emoji: string])[];
    })
  | { readonly notice: NoticeView['notice']; readonly ago?: number }
  | { readonly gap: number; readonly by: string };

export interface FakeScene {
  readonly conversations: readonly FakeConversation[];
  /** milliseconds since 1970 */
  readonly now?: number;
  readonly offline?: boolean;
  readonly latencyMs?: number;
}

export interface FakeApp {
  readonly api: AppApi;
  /** what the page asked for, in order */
  readonly calls: readonly string[];
  idOf(name: string): ConversationId;
  arrive(name: string, line: FakeLine): MessageId;
  /** changes a message, by its place from the end */
  change(name: string, fromEnd: number, change: Partial<MessageView>): void;
  transfer(transfers: readonly TransferView[]): void;
  fileOf(bytes: Uint8Array): void;
  /** holds back file contents until called again with false */
  holdFiles(held: boolean): void;
  /** whether there is a way to the relay */
  setPath(online: boolean): void;
  refuse(method: string): void;
}

const personOf = (name: string): PersonId => `person-${name}` as PersonId;
const me = personOf('me');
const minuteMs = 60_000;
const words =
  'the tern flies from pole to pole and back every year following summer light over cold water where small fish shine'.split(
    ' ',
  );

interface Kept {
  readonly id: ConversationId;
  readonly given: FakeConversation;
  lines: readonly WindowLine[];
  flags: ConversationFlags;
  draft: string;
  request: boolean;
  blocked: boolean;
  read: ReadonlySet<string>;
}

/** @param over parts of the contract that are to be otherwise */
export function fakeApp(scene: FakeScene, over: Partial<AppApi> = {}): FakeApp {
  const now = scene.now ?? Date.now();
  const calls: string[] = [];
  const refused = new Set<string>();
  const version = new Latest(0);
  const transfers = new Latest<readonly TransferView[]>([]);
  const gate = new Latest(false);
  let file: Uint8Array = new Uint8Array(0);
  let numbered = 0;

  function lineOf(id: ConversationId, line: FakeLine, before: readonly WindowLine[]): WindowLine {
    const position = before.length + 1;
    const key = `${id}-${numbered++}`;
    if ('notice' in line)
      return {
        kind: 'notice',
        key,
        at: now - (line.ago ?? 0) * minuteMs,
        notice: line.notice,
        person: personOf(id),
      };
    if ('gap' in line)
      return { kind: 'gap', key, from: personOf(line.by), device: 'd' as DeviceId, missing: line.gap };
    const at = now - (line.ago ?? 0) * minuteMs;
    const answered = line.answers === undefined ? undefined : before[before.length - line.answers];
    return {
      kind: 'message',
      key,
      id: key as MessageId,
      conversation: id,
      from: line.by === undefined ? me : personOf(line.by),
      device: 'd' as DeviceId,
      fromMe: line.by === undefined,
      number: position,
      position,
      at,
      arrivedAt: at,
      ...(line.text !== undefined && { text: line.text }),
      ...(line.file !== undefined && { file: line.file }),
      ...(answered?.kind === 'message' && { replyTo: answered.id }),
      edited: line.edited ?? false,
      deleted: line.deleted ?? false,
      newer: line.newer ?? false,
      reactions: (line.reactions ?? []).map(([by, text]) => ({
        from: by === 'me' ? me : personOf(by),
        text,
      })),
      status: line.status ?? (line.by === undefined ? 'read' : 'delivered'),
      ...(line.because !== undefined && { because: line.because }),
    };
  }

  const all: readonly Kept[] = scene.conversations.map((given) => {
    const id = given.name as string as ConversationId;
    const made = given.filled === undefined ? (given.lines ?? []) : filled(given);
    const lines: WindowLine[] = [];
    for (const line of made) lines.push(lineOf(id, line, lines));
    const theirs = lines.filter((line) => line.kind === 'message' && !line.fromMe);
    const unread = new Set(theirs.slice(theirs.length - (given.unread ?? 0)).map(({ key }) => key));
    return {
      id,
      given,
      lines,
      flags: { pinned: false, muted: false, archived: false, markedUnread: false, ...given.flags },
      draft: given.draft ?? '',
      request: given.request ?? false,
      blocked: given.blocked ?? false,
      read: new Set(theirs.map(({ key }) => key).filter((key) => !unread.has(key))),
    };
  });

  const bump = (): void => version.set(version.value + 1);
  function keptOf(id: string): Kept {
    const kept = all.find((one) => one.id === id);
    if (kept === undefined) throw new Error(`no conversation ${id}`);
    return kept;
  }
  function withMessage(
    id: MessageId,
  ): { readonly kept: Kept; readonly message: MessageView & { readonly key: string } } | undefined {
    for (const kept of all)
      for (const line of kept.lines)
        if (line.kind === 'message' && line.id === id) return { kept, message: line };
    return undefined;
  }
  function changeMessage(id: MessageId, change: Partial<MessageView>): void {
    const found = withMessage(id);
    if (found === undefined) return;
    found.kept.lines = found.kept.lines.map((line) =>
      line.key === found.message.key ? { ...found.message, ...change } : line,
    );
    bump();
  }
  function append(id: string, line: FakeLine): MessageId {
    const kept = keptOf(id);
    const made = lineOf(kept.id, line, kept.lines);
    kept.lines = [...kept.lines, made];
    bump();
    return made.key as MessageId;
  }
  function call(name: string, ...told: readonly unknown[]): void {
    calls.push(`${name} ${told.map(String).join(' ')}`.trim());
    if (refused.has(name)) throw new Error(`${name} is refused by the test`);
  }
  async function* changing<T>(signal: AbortSignal, read: () => T): AsyncGenerator<T> {
    for await (const _ of version.values(signal)) yield structuredClone(read());
  }

  const unreadOf = (kept: Kept): readonly MessageView[] =>
    kept.lines.flatMap((line) =>
      line.kind === 'message' && !line.fromMe && !kept.read.has(line.key) ? [line] : [],
    );
  const named = ({ given }: Kept): readonly string[] => given.people ?? [given.name];

  function summaryOf(kept: Kept): ConversationSummary {
    const { id, given, lines, flags, draft, request, blocked } = kept;
    const last = lines.findLast((line) => line.kind === 'message');
    return {
      id,
      kind: given.kind ?? 'pair',
      people: named(kept).map(personOf),
      name: given.name,
      state: given.state ?? 'connected',
      request,
      verified: given.verified ?? false,
      blocked,
      ...(last?.kind === 'message' && {
        last: {
          id: last.id,
          fromMe: last.fromMe,
          from: last.from,
          at: last.at,
          kind: kindOf(last),
          text: (last.text ?? last.file?.name ?? '').slice(0, 160),
          status: last.status,
        },
      }),
      unread: unreadOf(kept).length,
      failed: lines.filter((line) => line.kind === 'message' && line.fromMe && line.status === 'failed')
        .length,
      draft,
      flags,
      at: last?.kind === 'message' ? last.at : now,
    };
  }

  function windowOf(kept: Kept, from: number | undefined): ConversationWindow {
    const start = from === undefined ? Math.max(0, kept.lines.length - 100) : Math.max(0, from - 1);
    const unread = unreadOf(kept);
    return {
      conversation: kept.id,
      lines: kept.lines.slice(start),
      from: start + 1,
      whole: start === 0,
      unread: unread.length,
      ...(unread[0] !== undefined && { firstUnread: { id: unread[0].id, position: unread[0].position } }),
    };
  }

  const contacts = (): readonly ContactView[] =>
    all.flatMap((kept) =>
      named(kept).map((name) => ({
        person: personOf(name),
        name,
        ownName: name,
        verified: kept.given.verified ?? false,
        blocked: kept.blocked,
        safetyNumber: '012345678901234567890123456789'.repeat(2),
        state: kept.given.state ?? 'connected',
        conversation: kept.id,
      })),
    );

  const home: HomeState = {
    kind: 'open',
    me: { name: 'Me', person: me, device: 'd' as DeviceId, safetyNumber: '0'.repeat(30) },
    passcode: false,
    lockAfterMinutes: 5,
  };
  const connectionsWhen = (online: boolean): ConnectionsView => ({
    paths: [
      {
        relay: 'r' as RelayId,
        origin: 'https://relay-7.example',
        state: online ? 'online' : 'waiting',
        transport: 'websocket',
        latencyMs: scene.latencyMs ?? 40,
        lastContactAt: now,
      },
    ],
    queued: 0,
    online,
  });
  const connections = new Latest(connectionsWhen(scene.offline !== true));

  const own: Partial<AppApi> = {
    async *homes({ signal }) {
      yield home;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
    overview: ({ signal }) => changing(signal, () => all.map(summaryOf).sort((a, b) => b.at - a.at)),
    async *window(id, { signal, from }) {
      call('window', id, from ?? '');
      const kept = keptOf(id);
      let before: ConversationWindow | undefined;
      for await (const _ of version.values(signal)) {
        const after = windowOf(kept, from);
        const update: WindowUpdate | undefined = windowUpdate(before, after);
        before = after;
        if (update !== undefined) yield structuredClone(update);
      }
    },
    message: async (id) => withMessage(id)?.message,
    async *search(query) {
      call('search', query);
      for (const kept of all)
        for (const line of kept.lines.toReversed()) {
          const hit = hitOf(line, query);
          if (hit !== undefined) yield hit;
        }
    },
    contacts: async () => contacts(),
    connections: ({ signal }) => connections.values(signal),
    observations: async () => ({ now: 0, observations: [] }),
    transfers: ({ signal }) => transfers.values(signal),
    async setDraft(id, text) {
      call('setDraft', id, text);
      keptOf(id).draft = text;
      bump();
    },
    async setFlags(id, flags) {
      call('setFlags', id, JSON.stringify(flags));
      const kept = keptOf(id);
      kept.flags = { ...kept.flags, ...flags };
      bump();
    },
    async sendText(id, text, { replyTo }) {
      call('sendText', id, text.slice(0, 100), replyTo ?? '');
      const sent = append(id, { text, status: 'queued', ago: -1 });
      const { message } = withMessage(sent) ?? {};
      if (message !== undefined)
        changeMessage(sent, { number: 0, ...(replyTo !== undefined && { replyTo }) });
      return sent;
    },
    async sendFile(id, { blob, name, type, picture, caption, replyTo }) {
      call(
        'sendFile',
        id,
        name,
        type,
        caption ?? '',
        replyTo ?? '',
        picture === undefined ? 'file' : 'picture',
      );
      file = new Uint8Array(await blob.arrayBuffer());
      const view: FileView = {
        name,
        type,
        size: blob.size,
        here: true,
        ...(picture !== undefined && { picture }),
      };
      return append(id, {
        file: view,
        status: 'queued',
        ago: -1,
        ...(caption !== undefined && { text: caption }),
      });
    },
    async edit(id, text) {
      call('edit', id, text);
      changeMessage(id, { text, edited: true });
    },
    async remove(id, { forAll }) {
      call('remove', id, forAll);
      const found = withMessage(id);
      if (found === undefined) return;
      if (forAll) changeMessage(id, { deleted: true });
      else found.kept.lines = found.kept.lines.filter(({ key }) => key !== found.message.key);
      bump();
    },
    async react(id, text) {
      call('react', id, text ?? '-');
      const found = withMessage(id);
      if (found === undefined) return;
      const others = found.message.reactions.filter(({ from }) => from !== me);
      changeMessage(id, { reactions: text === undefined ? others : [...others, { from: me, text }] });
    },
    async forward(id, to) {
      call('forward', id, to.join(','));
    },
    async retry(id) {
      call('retry', id);
      changeMessage(id, { status: 'queued' });
    },
    async cancel(id) {
      call('cancel', id);
      const found = withMessage(id);
      if (found === undefined || found.message.status !== 'queued') return false;
      found.kept.lines = found.kept.lines.filter(({ key }) => key !== found.message.key);
      bump();
      return true;
    },
    async markRead(id, ids) {
      call('markRead', id, ids.length);
      const kept = keptOf(id);
      kept.read = new Set([...kept.read, ...ids]);
      bump();
    },
    async acceptRequest(id) {
      call('acceptRequest', id);
      keptOf(id).request = false;
      bump();
    },
    async block(person, blocked) {
      call('block', person, blocked);
      for (const kept of all) if (named(kept).map(personOf).includes(person)) kept.blocked = blocked;
      bump();
    },
    async *fileContent(id, { signal }) {
      call('fileContent', id);
      await gate.until((held): held is false => !held, signal);
      if (!connections.value.online)
        throw Object.assign(new Error('no relay gives it'), { code: 'unreachable' });
      const half = Math.ceil(file.length / 2);
      yield file.slice(0, half);
      yield file.slice(half);
    },
    touched: async () => undefined,
    setOnline: async () => undefined,
    linkIn: async () => ({ kind: 'none', because: 'malformed' }),
    relays: async () => [],
    invitations: async () => [],
  };
  // what these tests do not reach says so instead of answering something
  const api = new Proxy({ ...own, ...over } as AppApi, {
    get: (target, name): unknown =>
      Reflect.get(target, name) ?? (() => Promise.reject(new Error(`the fake has no ${String(name)}`))),
  });
  return {
    api,
    calls,
    idOf: (name) => keptOf(name).id,
    arrive: (name, line) => append(name, line),
    change(name, fromEnd, change) {
      const line = keptOf(name).lines.at(-fromEnd);
      if (line?.kind === 'message') changeMessage(line.id, change);
    },
    transfer: (list) => transfers.set(list),
    fileOf(bytes) {
      file = bytes;
    },
    holdFiles: (held) => gate.set(held),
    setPath: (online) => connections.set(connectionsWhen(online)),
    refuse: (method) => void refused.add(method),
  };
}

function filled({ name, filled = 0, people }: FakeConversation): readonly FakeLine[] {
  const who = people ?? [name];
  return Array.from({ length: filled }, (_, at) => ({
    text: sentence(at),
    ago: (filled - at) * 7,
    ...(at % 3 !== 0 && { by: who[Math.floor(at / 5) % who.length] ?? name }),
  }));
}

function sentence(at: number): string {
  const length = 3 + ((at * 7919) % 23);
  return `${at + 1}. ${Array.from({ length }, (_, word) => words[(at * 31 + word * 7) % words.length]).join(' ')}`;
}

function kindOf({ deleted, newer, file }: MessageView): 'text' | 'picture' | 'file' | 'deleted' | 'newer' {
  if (deleted) return 'deleted';
  if (newer) return 'newer';
  if (file === undefined) return 'text';
  return file.picture === undefined ? 'file' : 'picture';
}

function hitOf(line: WindowLine, query: string): SearchHit | undefined {
  if (line.kind !== 'message' || line.text === undefined) return undefined;
  const at = line.text.toLowerCase().indexOf(query.toLowerCase());
  if (at === -1) return undefined;
  const from = Math.max(0, at - 40);
  return {
    conversation: line.conversation,
    message: line.id,
    position: line.position,
    from: line.from,
    fromMe: line.fromMe,
    at: line.at,
    excerpt: line.text.slice(from, from + 160),
    marks: [[at - from, at - from + query.length]],
  };
}
