import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import { keepScreens, openPerson, begin, invite, meet, openTalk, acceptRequest, reached, say, sees, messageOf, type BrowserPerson } from './support/people.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';

let relay: RelayProcess;
let anna: BrowserPerson;
let ben: BrowserPerson;

beforeAll(async () => {
  relay = await startRelay();
  [anna, ben] = [await openPerson(), await openPerson({ width: 390, height: 844 })];
});

afterAll(async () => {
  await Promise.all([anna[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
  await relay[Symbol.asyncDispose]();
});

beforeEach(() => onTestFailed(() => keepScreens({ anna, ben })));

test('two people who open two links meet and talk, and each sees how far their words have come', async () => {
  await meet(relay.link, { anna, ben });
  await say(ben, 'Hello Anna');
  await sees(anna, 'Hello Anna');
  await say(anna, 'Hello Ben');
  await sees(ben, 'Hello Ben');
  await reached(anna, 'Hello Ben', 'Read');
  await reached(ben, 'Hello Anna', 'Read');
  expect([...anna.complaints, ...ben.complaints]).toEqual([]);
});
