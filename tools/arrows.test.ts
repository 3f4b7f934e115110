import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

import { violationsBelow, violationsIn } from './arrows.ts';

const everything = new Set([
  ...['protocol', 'reach', 'core', 'relay', 'agent', 'web', 'lab'].map((name) => `@tern/${name}`),
  'ts-mls',
  '@noble/ciphers',
  '@noble/hashes',
]);

function objections(
  path: string,
  text: string,
  declared: ReadonlySet<string> = everything,
): readonly string[] {
  return violationsIn({ path, text }, declared).map((violation) => `${violation.line}: ${violation.why}`);
}

describe('the arrows between packages', () => {
  test.each([
    ['packages/protocol/src/entry.ts', `import { hello } from '@tern/reach';`],
    ['packages/reach/src/dialer.ts', `import type { Inbox } from '@tern/core';`],
    ['packages/core/src/inbox.ts', `export { serve } from '@tern/relay';`],
    ['packages/core/test/inbox.test.ts', `import { serve } from '@tern/relay';`],
    ['packages/relay/src/serve.ts', `export * from '@tern/core';`],
    ['packages/relay/src/serve.ts', `type Inbox = import('@tern/core').Inbox;`],
    ['packages/web/src/page.ts', `await import('@tern/agent');`],
    ['packages/lab/src/censor.ts', `import { inbox } from '@tern/core';`],
    ['packages/agent/src/main.ts', `import { serve } from '@tern/relay';`],
    ['packages/elsewhere/src/a.ts', ``],
  ])('%s may not say: %s', (path, text) => {
    expect(objections(path, text)).toHaveLength(1);
  });

  test.each([
    ['packages/reach/src/dialer.ts', `import { decode } from '@tern/protocol';`],
    ['packages/core/src/inbox.ts', `import { dial } from '@tern/reach';`],
    ['packages/agent/src/relay-command.ts', `const relay = await import('@tern/relay');`],
    ['packages/agent/test/talk.test.ts', `import { serve } from '@tern/relay';`],
    ['packages/core/test/inbox.test.ts', `import { memoryRelay } from '@tern/relay/testing';`],
    ['packages/core/test/inbox.test.ts', `import { openInbox } from '@tern/core';`],
    ['packages/lab/src/censor.ts', `import { main } from '@tern/agent';`],
  ])('%s may say: %s', (path, text) => {
    expect(objections(path, text)).toEqual([]);
  });

  test('hold for every import of this project', () => {
    expect(violationsBelow(resolve(import.meta.dirname, '..')).violations).toEqual([]);
  });
});

describe('the platform', () => {
  test.each([
    ['packages/protocol/src/entry.ts', `import { readFile } from 'node:fs';`],
    ['packages/core/src/store.ts', `import { DatabaseSync } from 'node:sqlite';`],
    ['packages/core/src/store.ts', `import { connect } from '@tern/reach/node';`],
    ['packages/reach/src/dialer.ts', `import { connect } from 'node:net';`],
    ['packages/reach/src/dialer.ts', `import { connect } from './node/socket.ts';`],
    ['packages/relay/src/store.ts', `import { readFile } from 'fs';`],
  ])('stays out of what runs everywhere: %s, %s', (path, text) => {
    expect(objections(path, text)).toHaveLength(1);
  });

  test.each([
    ['packages/reach/src/node/socket.ts', `import { connect } from 'node:net';`],
    ['packages/agent/src/store.ts', `import { connect } from '@tern/reach/node';`],
    ['packages/protocol/test/vectors.test.ts', `import { readFile } from 'node:fs';`],
  ])('may be used at the rim: %s, %s', (path, text) => {
    expect(objections(path, text)).toEqual([]);
  });
});

describe('doors', () => {
  test.each([
    ['packages/core/src/inbox.ts', `import { x } from '../../reach/src/dialer.ts';`],
    ['packages/core/test/inbox.test.ts', `import { x } from '../../reach/src/dialer.ts';`],
    ['packages/core/src/inbox.ts', `import { x } from './index.ts';`],
    ['packages/reach/src/node/index.ts', `export * from '../index.ts';`],
    ['packages/core/src/inbox.ts', `import { x } from '@tern/core';`],
    ['packages/core/src/inbox.ts', `import { x } from '../test/fixture.ts';`],
    ['packages/core/src/inbox.ts', `import { x } from './testing/contract.ts';`],
    ['packages/core/src/inbox.ts', `import { x } from '@tern/reach/testing';`],
    ['packages/core/src/inbox.ts', `import { x } from '/somewhere/x.ts';`],
    ['packages/core/src/inbox.ts', `await import(name);`],
  ])('are the only way in: %s may not say: %s', (path, text) => {
    expect(objections(path, text)).toHaveLength(1);
  });
});

describe('dependencies', () => {
  test('are declared by the package that imports them', () => {
    const declared = new Set(['@noble/ciphers']);
    const text = `import { chacha20 } from '@noble/ciphers/chacha.js';\nimport { sha256 } from '@noble/hashes/sha2.js';`;
    expect(objections('packages/protocol/src/codec.ts', text, declared)).toEqual([
      '2: package.json does not declare @noble/hashes',
    ]);
  });

  test('of tests stay in tests', () => {
    expect(objections('packages/core/src/inbox.ts', `import { expect } from 'vitest';`)).toHaveLength(1);
    expect(objections('packages/core/test/inbox.test.ts', `import fc from 'fast-check';`)).toEqual([]);
    expect(
      objections('packages/core/src/testing/store-contract.ts', `import { expect } from 'vitest';`),
    ).toEqual([]);
  });

  test('on MLS are for one corner of core', () => {
    expect(objections('packages/core/src/group-commit.ts', `import { x } from 'ts-mls';`)).toEqual([]);
    expect(objections('packages/core/test/group.test.ts', `import { x } from 'ts-mls';`)).toEqual([]);
    expect(objections('packages/core/src/inbox.ts', `import { x } from 'ts-mls/deep.js';`)).toHaveLength(1);
    expect(objections('packages/agent/src/main.ts', `import { x } from 'ts-mls';`)).toHaveLength(1);
  });
});

test('an import is told with the line it stands on, and one in a comment or a string is none', () => {
  const text = `// import '@tern/core'\nconst text = "import '@tern/core'";\n\nimport { a } from '@tern/core';\n`;
  expect(objections('packages/relay/src/serve.ts', text)).toEqual(['4: relay must not know core']);
});
