import { fileURLToPath } from 'node:url';

/** What a stranger's bytes go through in a relay: every decoder it uses, and every file that judges an operation or answers one. */
const decoders: readonly string[] = [
  'batch',
  'capability',
  'cbor',
  'chunk-tree',
  'codec',
  'entry',
  'frames',
  'operation',
  'policy',
  'records',
  'signed',
];
const operations: readonly string[] = [
  'append-rules',
  'batch-judge',
  'batch-memory',
  'chunk-keeping',
  'chunk-rules',
  'erase-rules',
  'judge-context',
  'log-ledger',
  'log-reader',
  'log-records',
  'policy-rules',
  'relay',
  'sessions',
  'watch-answer',
  'watch-sets',
  'write-desk',
];

export const coveredFiles: readonly string[] = [
  ...decoders.map((name) =>
    fileURLToPath(import.meta.resolve('@tern/protocol')).replace('index.ts', `${name}.ts`),
  ),
  ...operations.map((name) => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url))),
];
