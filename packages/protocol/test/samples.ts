/** One or a few values of every structure, as vectors and tests use them. */
import {
  encodeEntry,
  encodeOperation,
  operationCodecs,
  type BatchHeader,
  type BatchId,
  type ConversationId,
  type Content,
  type DeviceId,
  type EntryId,
  type Frame,
  type InvitationId,
  type MessageId,
  type Operation,
  type ResponseHeader,
  type Result,
} from '../src/index.ts';
import {
  bytesOf,
  capability,
  card,
  certificate,
  deviceList,
  firstPolicy,
  hint,
  idOf,
  keyOf,
  log,
  nextPolicy,
  photo,
  photoId,
  signedCapability,
  signedCard,
  signedFirst,
  signedNext,
  today,
} from './fixtures.ts';

export const smallEntry: Uint8Array = encodeEntry({ kind: 'inline', body: bytesOf('small', 1023) });
export const largeEntry: Uint8Array = encodeEntry({ kind: 'inline', body: bytesOf('large', 3071) });
export const chunkEntry: Uint8Array = encodeEntry({ kind: 'chunk', chunk: photoId, length: photo.length });

export const batchId: BatchId = idOf<BatchId>('batch', 16);
export const batchHeader: BatchHeader = { id: batchId, notAfter: today + 600, room: 65_536 };

export const operations: readonly Operation[] = [
  { kind: 'hello' },
  { kind: 'create', policy: signedFirst, right: bytesOf('right', 16) },
  { kind: 'append', log, number: 1, entry: smallEntry },
  { kind: 'append', log, number: 0, entry: chunkEntry, next: signedNext },
  { kind: 'append', log, number: 0, entry: largeEntry, capability: signedCapability },
  { kind: 'amend', log, policy: signedNext },
  {
    kind: 'put',
    log,
    number: 1,
    chunk: photoId,
    length: photo.length,
    offset: 1024,
    bytes: photo.slice(1024, 2048),
  },
  { kind: 'get', log, number: 1, chunk: photoId, fromLeaf: 1, leaves: 2 },
  { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 40 },
  { kind: 'watch', token: bytesOf('token', 16), add: [], drop: [log], waitSeconds: 0 },
  { kind: 'erase', log, number: 1, seqs: [1, 24, 2 ** 40] },
  { kind: 'forward', to: hint, request: new Uint8Array(), waitSeconds: 0 },
  { kind: 'forward', to: hint, request: bytesOf('sealed', 500), waitSeconds: 40 },
  { kind: 'defer', to: hint, request: bytesOf('sealed', 500), notAfter: today + 2_419_200 },
  { kind: 'collect', ticket: bytesOf('kept', 16) },
  { kind: 'forget', ticket: bytesOf('kept', 16) },
];

export const responseHeaders: readonly ResponseHeader[] = [
  {
    batch: batchId,
    time: today * 1000 + 7,
    card: 7,
    tickets: ['first', 'second'].map((name) => ({
      id: bytesOf(`ticket ${name}`, 16),
      share: bytesOf(`share ${name}`),
    })),
  },
  ...(['clock', 'malformed', 'busy', 'mismatch'] as const).map((problem) => ({
    batch: batchId,
    time: today * 1000,
    card: 7,
    tickets: [],
    problem,
  })),
];

export const results: readonly Result[] = [
  { kind: 'done' },
  { kind: 'stored', seq: 1 },
  { kind: 'duplicate', seq: 2 ** 32 },
  { kind: 'conflict', winner: idOf<EntryId>('winner') },
  { kind: 'refused' },
  { kind: 'stale-epoch', current: 21 },
  { kind: 'spent' },
  { kind: 'expired' },
  { kind: 'revoked' },
  { kind: 'full' },
  { kind: 'quota' },
  { kind: 'malformed' },
  { kind: 'unsupported' },
  { kind: 'missing-chunk' },
  { kind: 'watch-unknown' },
  {
    kind: 'put',
    have: [
      [0, 1024],
      [2048, 5000],
    ],
    complete: false,
  },
  {
    kind: 'range',
    length: 5000,
    bytes: photo.slice(1024, 3072),
    proof: [bytesOf('left'), bytesOf('right side')],
  },
  { kind: 'entry', log, seq: 5, number: 0, entry: chunkEntry, at: today, next: signedNext },
  { kind: 'entry', log, seq: 6, number: 1, entry: smallEntry, at: today + 1 },
  { kind: 'turned', log },
  { kind: 'unreadable', log },
  { kind: 'watched', token: bytesOf('next token', 16), more: true },
  { kind: 'card', card: signedCard, others: [signedCard] },
  { kind: 'forwarded', bytes: bytesOf('answer', 300), more: true },
  { kind: 'forwarded', bytes: new Uint8Array(), more: false },
  ...(['address', 'silent', 'closed', 'stranger', 'busy', 'too-long'] as const).map((because): Result => ({
    kind: 'unreachable',
    because,
  })),
  { kind: 'kept', ticket: bytesOf('kept', 16) },
];

const said = new TextEncoder().encode('See you at the harbour at six');

export const contents: readonly Content[] = [
  {
    id: idOf<MessageId>('message 1', 16),
    at: today * 1000,
    part: { kind: 'single', disposition: 1, type: 'text/plain;charset=utf-8', content: said },
  },
  {
    id: idOf<MessageId>('message 2', 16),
    at: today * 1000 + 1,
    inReplyTo: idOf<MessageId>('message 1', 16),
    expires: 3600,
    part: {
      kind: 'multi',
      disposition: 1,
      parts: [
        { kind: 'single', disposition: 1, type: 'text/plain;charset=utf-8', content: said },
        {
          kind: 'external',
          disposition: 6,
          type: 'image/webp',
          name: 'küste \u{1F30A}.webp',
          size: 4968,
          hash: bytesOf('file'),
          key: bytesOf('file key'),
          chunks: [[photoId, photo.length]],
        },
      ],
    },
  },
  {
    id: idOf<MessageId>('message 3', 16),
    at: today * 1000 + 2,
    replaces: idOf<MessageId>('message 1', 16),
    part: { kind: 'null', disposition: 1 },
  },
];

const aroundLoad = {
  seen: [41, bytesOf('seen', 8)],
  policy: 3,
  authenticator: bytesOf('authenticator', 8),
} as const;

export const frames: readonly Frame[] = [
  ...contents.map((content, at): Frame => ({
    ...aroundLoad,
    number: at + 1,
    load: { kind: 'content', content },
  })),
  {
    ...aroundLoad,
    number: 0,
    load: {
      kind: 'receipt',
      lines: [
        {
          device: idOf<DeviceId>('Bo phone', 16),
          delivered: [[1, 9]],
          read: [
            [1, 4],
            [6, 6],
          ],
        },
      ],
    },
  },
  {
    ...aroundLoad,
    number: 0,
    load: { kind: 'again', device: idOf<DeviceId>('Bo phone', 16), numbers: [[5, 5]] },
  },
];

/** By the names of SPEC.md's tables. */
export const samples: Readonly<Record<string, readonly unknown[]>> = {
  signed: [signedFirst],
  hint: [hint, { address: '127.0.0.1', port: 8080, tls: false, path: 'a' }],
  card: [card, { ...card, door: true, public: false, endpoints: [], keys: [], roomBytes: undefined }],
  'relay-link': [{ hint, right: bytesOf('right', 16) }, { hint }],
  'invitation-link': [
    {
      rootKey: keyOf('Ada'),
      name: 'Ada',
      capability: signedCapability,
      seed: bytesOf('capability'),
      sealingKey: bytesOf('invitation sealing'),
      hosts: [hint],
      doors: [],
    },
  ],
  policy: [firstPolicy, nextPolicy],
  capability: [capability],
  'batch-header': [batchHeader],
  operation: [{ ...encodeOperation({ kind: 'hello' }), proofs: [] }],
  ...Object.fromEntries(
    Object.keys(operationCodecs).map((kind) => [kind, operations.filter((one) => one.kind === kind)]),
  ),
  'response-header': responseHeaders,
  result: results,
  'response-item': [{ operation: 3, result: { kind: 'stored', seq: 9 } }],
  'device-certificate': [
    { rootKey: keyOf('Ada'), deviceKey: keyOf('Ada phone'), serial: 1, notAfter: today, mayAdd: false },
  ],
  'device-list': [{ rootKey: keyOf('Ada'), number: 2, deviceKeys: [keyOf('Ada phone')] }],
  acceptance: [
    {
      invitation: idOf<InvitationId>('invitation'),
      name: 'Ada',
      certificate,
      devices: deviceList,
      keyPackage: bytesOf('key package', 300),
      meeting: bytesOf('meeting'),
      hosts: [hint],
    },
  ],
  parcel: [
    {
      certificate,
      devices: deviceList,
      name: 'Ada',
      conversation: idOf<ConversationId>('conversation', 16),
      welcome: {
        welcome: bytesOf('welcome', 900),
        keyPackage: bytesOf('key package hash'),
        host: hint,
        firstPolicy: signedFirst.payload,
        policy: signedNext.payload,
      },
    },
    {
      certificate,
      devices: deviceList,
      name: '',
      conversation: idOf<ConversationId>('conversation', 16),
      rejoin: { keyPackage: bytesOf('key package', 300), replaces: [keyOf('Ada phone')] },
    },
  ],
  content: contents,
  frame: frames,
};
