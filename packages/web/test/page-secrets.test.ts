import type { ContactView } from '@tern/core';
import type { PersonId } from '@tern/protocol';
import { expect, test } from 'vitest';
import type { AppApi, HomeState } from '../src/engine/app-api.ts';
import { Latest } from '../src/engine/latest.ts';
import { linked } from '../src/page/conversation/links.ts';
import { openNavigation } from '../src/page/navigation.ts';
import { watchState } from '../src/page/state.ts';

const never = new AbortController().signal;
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('the secret of a link never enters the history, which browsers keep on disk', () => {
  const kept: unknown[] = [];
  const keep = (state: unknown): void => void kept.push(state);
  const history = { state: null, pushState: keep, replaceState: keep, go: keep, back: () => undefined };
  const window = Object.assign(new EventTarget(), { history }) as unknown as Window;
  const { route, go, replace, deeper } = openNavigation(window, never);
  const link = { kind: 'link', text: 'https://relay.example/app/#iSECRET' } as const;
  for (const step of [go, replace, deeper]) {
    step(link);
    expect(route.value).toEqual(link);
  }
  expect(kept.length).toBeGreaterThan(3);
  expect(JSON.stringify(kept)).toContain('link');
  expect(JSON.stringify(kept)).not.toContain('SECRET');
});

test('a page whose home was locked forgets who is in it, also what was on its way just then', async () => {
  const ending = new AbortController();
  const homes = new Latest<HomeState>({
    kind: 'open',
    me: {} as Extract<HomeState, { kind: 'open' }>['me'],
    passcode: true,
    lockAfterMinutes: 5,
  });
  const asked: PromiseWithResolvers<readonly ContactView[]>[] = [];
  async function* once<T>(value: T, signal: AbortSignal): AsyncIterable<T> {
    yield value;
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
  }
  const api = {
    homes: ({ signal }) => homes.values(signal),
    overview: ({ signal }) => once([], signal),
    transfers: ({ signal }) => once([], signal),
    connections: ({ signal }) => once({ paths: [], queued: 1, online: true }, signal),
    contacts: () => {
      const answer = Promise.withResolvers<readonly ContactView[]>();
      asked.push(answer);
      return answer.promise;
    },
  } satisfies Partial<AppApi> as unknown as AppApi;
  const state = watchState(api, ending.signal);
  await nextTurn();
  expect([asked.length, state.connections.value?.queued]).toEqual([1, 1]);
  homes.set({ kind: 'locked' });
  await nextTurn();
  asked[0]?.resolve([{ person: 'anna' as PersonId, name: 'Anna' } as ContactView]);
  await nextTurn();
  expect(state.home.value).toEqual({ kind: 'locked' });
  expect([state.contacts.value.size, state.connections.value, state.overview.value]).toEqual([
    0,
    undefined,
    undefined,
  ]);
  ending.abort();
});

test('a host in letters that look like others is shown as it is asked for, whatever stands behind it', () => {
  const [link] = linked('https://\u0430\u0440\u0440\u04cf\u0435.com/?//xn--80ak6aa92e.com', 10);
  expect(link?.text).toBe('https://xn--80ak6aa92e.com/?//xn--80ak6aa92e.com');
  expect(linked('HTTPS://Example.ORG:443/A', 10)[0]?.text).toBe('HTTPS://Example.ORG:443/A');
});
