import { nodePrimitives as primitives } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { pathId } from '../src/forward/defer-rules.ts';
import { nextDue } from '../src/forward/kept-records.ts';
import { keys } from '../src/log-records.ts';
import { TestClient } from '../src/testing/index.ts';
import { appendTo, collect, deferred, entriesOf, keepIt, pass, round, type Deferred } from './deferring.ts';
import { at, clientPath, impostor, openTwo, stand } from './two-relays.ts';

describe('a courier', () => {
  test('rule 30: hands on to one far relay while others are silent, however many are kept for those', async () => {
    await using two = await openTwo();
    const waiting = new Set<object>();
    await using silent = await impostor((_, response) => {
      waiting.add(response);
      response.on('close', () => waiting.delete(response));
    });
    for (let count = 0; count < 40; count += 1) {
      const { defer } = deferred(two, [appendTo(two)]);
      const to = {
        ...defer.to,
        address: '127.0.0.1',
        tls: false,
        port: silent.port,
        path: `silent-${count}`,
      };
      expect((await two.client.one({ ...defer, to })).kind).toBe('kept');
    }
    const kept = deferred(two, [appendTo(two)]);
    const ticket = await keepIt(two.client, kept);
    const stop = new AbortController();
    const delivering = two.near.relay.deliver({ signal: stop.signal });
    while (waiting.size === 0) await new Promise((done) => void setImmediate(done));
    const first = [...waiting];
    let came = await collect(two.client, ticket);
    while (came.last.kind === 'kept') came = await collect(two.client, ticket);
    expect(kept.open(came.bytes)).toEqual([{ kind: 'stored', seq: 1 }]);
    // nobody has given up on the silent ones meanwhile, and few of them are asked at a time
    expect(first.every((one) => waiting.has(one))).toBe(true);
    expect(waiting.size).toBeLessThanOrEqual(2);
    stop.abort();
    two.near.relay.hurry();
    await delivering;
  });

  test('rule 30: tries a far relay that was not reached with one of its requests later, not with each, and has them all handed on in the end', async () => {
    await using two = await openTwo({ near: { limits: { farFailureSeconds: 0 } } });
    let away = true;
    let asked = 0;
    await using between = await impostor(async (body, response) => {
      asked += 1;
      if (away) response.writeHead(404).end();
      else
        response.end(await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }));
    });
    const count = 10;
    for (let each = 0; each < count; each += 1) {
      const { defer } = deferred(two, [appendTo(two)], { seed: each });
      const to = { ...defer.to, address: '127.0.0.1', tls: false, port: between.port };
      expect((await two.client.one({ ...defer, to })).kind).toBe('kept');
    }
    await round(two.near);
    const atOnce = asked;
    expect(atOnce).toBeLessThanOrEqual(2);
    await round(two.near);
    expect(asked).toBe(atOnce);
    for (let minutes = 0; minutes < 120; minutes += 1) {
      pass(two, 60);
      await round(two.near);
    }
    // 30 s, 60 s and so on: some eight times in two hours, and each time with as many as go to one host at once
    expect(asked).toBeLessThanOrEqual(2 * 10);
    expect(await entriesOf(two)).toBe(0);
    away = false;
    pass(two, 6 * 3600 * 1.25);
    await round(two.near);
    expect(await entriesOf(two)).toBe(count);
  });

  test('rule 30: hands on what one path has kept in the order in which it was kept, also after its far relay was away', async () => {
    await using two = await openTwo({ near: { limits: { farFailureSeconds: 0 } } });
    let away = true;
    await using between = await impostor(async (body, response) => {
      if (away) response.writeHead(404).end();
      else
        response.end(await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }));
    });
    const kept: { readonly ticket: Uint8Array; readonly one: Deferred }[] = [];
    const keepSome = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each += 1) {
        const one = deferred(two, [appendTo(two)], { seed: kept.length });
        const to = { ...one.defer.to, address: '127.0.0.1', tls: false, port: between.port };
        kept.push({ one, ticket: await keepIt(two.client, { ...one, defer: { ...one.defer, to } }) });
      }
    };
    await keepSome(6);
    await round(two.near);
    pass(two, 10);
    await keepSome(6);
    away = false;
    pass(two, 60);
    await round(two.near);
    const answers: unknown[] = [];
    for (const { one, ticket } of kept) answers.push(one.open((await collect(two.client, ticket)).bytes));
    expect(answers).toEqual(kept.map((_, at) => [{ kind: 'stored', seq: at + 1 }]));
    // and where nothing is kept any more, nothing of that is left
    for (const { ticket } of kept) await two.client.one({ kind: 'forget', ticket });
    expect(await two.near.store.read((view) => view.get(keys.keptOrder()))).toBeUndefined();
  });

  test('rule 30: hands on in the order in which it was kept where the relay that keeps it ended while the far one was away', async () => {
    await using two = await openTwo();
    let away = true;
    await using between = await impostor(async (body, response) => {
      if (away) response.writeHead(404).end();
      else
        response.end(await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }));
    });
    const keptOne = async (
      seed: number,
    ): Promise<{ readonly one: Deferred; readonly ticket: Uint8Array }> => {
      const one = deferred(two, [appendTo(two)], { seed });
      const to = { ...one.defer.to, address: '127.0.0.1', tls: false, port: between.port };
      return { one, ticket: await keepIt(two.client, { ...one, defer: { ...one.defer, to } }) };
    };
    const kept = [await keptOne(1)];
    await round(two.near);
    // the first waits for its next time, the others were never tried, and the process that knew why is gone
    const count = 230;
    while (kept.length < count) kept.push(await keptOne(kept.length + 1));
    await two.near.stop();
    two.near.world.pass(1000);
    away = false;
    await using near = await stand({ seed: 'again', store: two.near.store, world: two.near.world });
    await round(near);
    const client = new TestClient(at(near), primitives, near.world);
    const answers: unknown[] = [];
    for (const { one, ticket } of kept.slice(0, 12))
      answers.push(...one.open((await collect(client, ticket)).bytes));
    expect(answers).toEqual(answers.map((_, place) => ({ kind: 'stored', seq: place + 1 })));
  });

  test.for([
    { breaks: 1, awayMinutes: 0, full: 0 },
    { breaks: 3, awayMinutes: 0, full: 0 },
    { breaks: 1, awayMinutes: 12, full: 0 },
    { breaks: 0, awayMinutes: 0, full: 3 },
  ])(
    'rule 30: hands on what one path has kept in the order in which it was kept, also where the first of it meets trouble (%o)',
    async ({ breaks, awayMinutes, full }) => {
      await using two = await openTwo({ near: { limits: { farFailureSeconds: 0 } } });
      const left = { breaks, full };
      let away = awayMinutes > 0;
      let asked = 0;
      await using between = await impostor(async (body, response) => {
        asked += away ? 0 : 1;
        // a proof takes two requests
        if (away) response.writeHead(404).end();
        else if (asked > 2 && left.full > 0) {
          left.full -= 1;
          response.writeHead(503).end();
        } else if (asked > 2 && left.breaks > 0) {
          left.breaks -= 1;
          response.writeHead(200, { 'content-length': '1000' });
          response.write('an answer that', () => response.destroy());
        } else
          response.end(
            await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }),
          );
      });
      const kept: { readonly ticket: Uint8Array; readonly one: Deferred }[] = [];
      for (let each = 0; each < 5; each += 1) {
        const one = deferred(two, [appendTo(two)], { seed: each });
        const to = { ...one.defer.to, address: '127.0.0.1', tls: false, port: between.port };
        kept.push({ one, ticket: await keepIt(two.client, { ...one, defer: { ...one.defer, to } }) });
      }
      for (let minutes = 0; minutes < 50; minutes += 1) {
        away &&= minutes < awayMinutes;
        await round(two.near);
        pass(two, 60);
      }
      expect(left).toEqual({ breaks: 0, full: 0 });
      const answers: unknown[] = [];
      for (const { one, ticket } of kept) answers.push(one.open((await collect(two.client, ticket)).bytes));
      expect(answers).toEqual(kept.map((_, at) => [{ kind: 'stored', seq: at + 1 }]));
    },
  );

  test('rule 30: what breaks every connection keeps back what was kept after it for some minutes, and not for longer', async () => {
    await using two = await openTwo({ near: { limits: { farFailureSeconds: 0 } } });
    let bad: Uint8Array | undefined;
    let asked = 0;
    await using between = await impostor(async (body, response) => {
      asked += 1;
      if (
        asked > 2 &&
        (bad === undefined || (bad.length === body.length && bad.every((byte, at) => byte === body[at])))
      ) {
        bad = body;
        response.writeHead(200, { 'content-length': '1000' });
        response.write('an answer that', () => response.destroy());
        return;
      }
      response.end(await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }));
    });
    for (let each = 0; each < 3; each += 1) {
      const one = deferred(two, [appendTo(two)], { seed: each });
      const to = { ...one.defer.to, address: '127.0.0.1', tls: false, port: between.port };
      await keepIt(two.client, { ...one, defer: { ...one.defer, to } });
    }
    await round(two.near);
    expect(await entriesOf(two)).toBe(0);
    for (let minutes = 0; minutes < 10; minutes += 1) {
      pass(two, 60);
      await round(two.near);
    }
    expect(await entriesOf(two)).toBe(2);
  });

  test('rule 30: a request that a far relay does not take keeps back that request, and no other for the same relay', async () => {
    await using two = await openTwo();
    let asked = 0;
    await using between = await impostor(async (body, response) => {
      asked += 1;
      const answer = two.far.relay.answer(body, { signal: new AbortController().signal, peer: true });
      await answer.then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    const keep = async (seed: number, { spoilt }: { readonly spoilt: boolean }): Promise<void> => {
      const { defer } = deferred(two, [appendTo(two)], { seed });
      const request = defer.request.slice();
      if (spoilt) request[request.length - 1] = (request.at(-1) ?? 0) ^ 1;
      const to = { ...defer.to, address: '127.0.0.1', tls: false, port: between.port };
      expect((await two.client.one({ ...defer, request, to })).kind).toBe('kept');
    };
    const spoilt = 6;
    for (let each = 0; each < spoilt; each += 1) await keep(each, { spoilt: true });
    await keep(100, { spoilt: false });
    await round(two.near);
    expect(await entriesOf(two)).toBe(1);
    expect(asked).toBe(2 + spoilt + 1);
    for (let minutes = 0; minutes < 120; minutes += 1) {
      pass(two, 60);
      await round(two.near);
    }
    // 30 s, 60 s and so on for each, and proofs, of two requests each
    expect(asked).toBeLessThanOrEqual(3 * 2 + spoilt * 10);
    await keep(101, { spoilt: false });
    await round(two.near);
    expect(await entriesOf(two)).toBe(2);
  });

  test.for(['to prove itself', 'after its proof'])(
    'rule 30: a far relay that has no room %s is left alone for a minute at most each time, however often that happens',
    async (when) => {
      await using two = await openTwo();
      let full = true;
      let asked = 0;
      await using between = await impostor(async (body, response) => {
        asked += 1;
        // a proof takes two requests
        const answers = !full || (when === 'after its proof' && asked <= 2);
        if (!answers) response.writeHead(503).end();
        else
          response.end(
            await two.far.relay.answer(body, { signal: new AbortController().signal, peer: true }),
          );
      });
      const keep = async (seed: number): Promise<void> => {
        const { defer } = deferred(two, [appendTo(two)], { seed });
        const to = { ...defer.to, address: '127.0.0.1', tls: false, port: between.port };
        expect((await two.client.one({ ...defer, to })).kind).toBe('kept');
      };
      await keep(0);
      await round(two.near);
      const atOnce = asked;
      await keep(1);
      await round(two.near);
      expect(asked).toBe(atOnce);
      for (let minutes = 0; minutes < 40; minutes += 1) {
        pass(two, 60);
        await round(two.near);
      }
      full = false;
      await keep(2);
      for (let times = 0; times < 2; times += 1) {
        pass(two, 60);
        await round(two.near);
      }
      expect(await entriesOf(two)).toBeGreaterThan(0);
    },
  );

  test.for(['silent', 'slow'])(
    'rule 30: far relays that were %s after their proof hold up a few others at a time, whatever their ports',
    async (manner) => {
      await using two = await openTwo({ near: { limits: { forwardSeconds: 2 } } });
      const waiting = new Set<object>();
      let mostWaiting = 0;
      let silent = manner === 'silent';
      const stand = () => {
        let asked = 0;
        return impostor(async (body, response) => {
          asked += 1;
          if (asked <= 2) {
            // a proof takes two requests
            const asker = { signal: new AbortController().signal, peer: true };
            response.end(await two.far.relay.answer(body, asker));
            return;
          }
          waiting.add(response);
          mostWaiting = Math.max(mostWaiting, waiting.size);
          response.on('close', () => waiting.delete(response));
          if (silent) return;
          two.near.world.pass(1000);
          response.end('an answer that nobody can open');
        });
      };
      await using all = new AsyncDisposableStack();
      const ports: number[] = [];
      for (let count = 0; count < 8; count += 1) ports.push(all.use(await stand()).port);
      const keepForAll = async (firstSeed: number): Promise<void> => {
        for (const [at, port] of [...ports, ...ports].entries()) {
          const { defer } = deferred(two, [appendTo(two)], { seed: firstSeed + at });
          const to = { ...defer.to, address: '127.0.0.1', tls: false, port };
          expect((await two.client.one({ ...defer, to })).kind).toBe('kept');
        }
      };
      await keepForAll(0);
      await round(two.near);
      while (waiting.size > 0) await new Promise((done) => void setImmediate(done));
      if (silent) expect(mostWaiting).toBeGreaterThan(4);
      mostWaiting = 0;
      silent = true;
      pass(two, 60);
      await keepForAll(100);
      const kept = deferred(two, [appendTo(two)], { seed: 200 });
      const ticket = await keepIt(two.client, kept);
      const stop = new AbortController();
      const delivering = two.near.relay.deliver({ signal: stop.signal });
      let came = await collect(two.client, ticket);
      while (came.last.kind === 'kept') came = await collect(two.client, ticket);
      expect(kept.open(came.bytes)).toEqual([{ kind: 'stored', seq: 1 }]);
      expect(mostWaiting).toBeLessThanOrEqual(4);
      stop.abort();
      two.near.relay.hurry();
      await delivering;
    },
  );

  test('a note of something that is not there is removed, and what is due beside it is handed on', async () => {
    await using two = await openTwo();
    const lost = await keepIt(two.client, deferred(two, [appendTo(two)], { seed: 1 }));
    await keepIt(two.client, deferred(two, [appendTo(two)], { seed: 2 }));
    const path = pathId(primitives, clientPath);
    await two.near.store.write((transaction) => transaction.remove(keys.kept(path, lost)));
    await round(two.near);
    expect(await entriesOf(two)).toBe(1);
    pass(two, 21 * 86_400);
    await round(two.near);
    expect(await two.near.store.read((view) => nextDue(view))).toBeUndefined();
  });
});
