import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseRelayLink } from '@tern/protocol';
import { TernDriver } from './programs/tern-driver.ts';

describe('tern diagnose', () => {
  test('where everything gets through it says so, for people and for scripts', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const lines = await alice.done(['diagnose']);
    expect(lines).toMatchObject([
      { network: true, cause: 'works', passes: 'bulk', evidence: { rule: 'ways answer' } },
      { cause: 'works', passes: 'bulk', way: { kind: 'https', address: '127.0.0.1' } },
    ]);
    const secret = parseRelayLink(relay.link).hint.path;
    expect(JSON.stringify(lines)).not.toContain(secret);
    const ended = await driver.start(['diagnose', '--home', alice.home]).ended;
    expect(ended).toMatchObject({ code: 0, errors: '' });
    expect(ended.out).toMatch(/^this network: works\n {2}Everything that was tried gets through\./u);
    expect(ended.out).toMatch(
      /relay http:\/\/127\.0\.0\.1:\d+\n {2}way +cause +answered +round trip +speed +compared with\n {2}https 127\.0\.0\.1:\d+ +works/u,
    );
    expect(ended.out).toMatch(/^[\n\u0020-\u007e\u2019]*$/u);
  });

  test('a relay that is off is told, and that is no failure of the command', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    await relay.stop();
    const ended = await alice.tern(['diagnose']);
    expect(ended).toMatchObject({ code: 0, errors: '' });
    expect(ended.lines).toMatchObject([
      { network: true, cause: 'relay-down', passes: 'nothing' },
      { cause: 'relay-down', passes: 'nothing', evidence: { answered: 0, rule: 'nobody there' } },
    ]);
  });

  test('where no relay is known there is nothing to diagnose', async () => {
    await using driver = new TernDriver();
    const alone = driver.home('alone');
    await alone.done(['init', '--name', 'Alone']);
    expect(await alone.tern(['diagnose'])).toMatchObject({ code: 0, out: '', errors: '' });
    const ended = await driver.start(['diagnose', '--home', alone.home]).ended;
    expect(ended).toMatchObject({ code: 0, out: '', errors: 'tern: no relay yet: tern relay add LINK\n' });
  });

  test('it is not possible where nobody lives, and takes no operands', async () => {
    await using driver = new TernDriver();
    expect(await driver.home('nobody').tern(['diagnose'])).toMatchObject({ code: 1, out: '' });
    expect(await driver.home('nobody').tern(['diagnose', 'this'])).toMatchObject({ code: 2, out: '' });
  });

  test('interrupted, it ends at once with 1', async () => {
    await using driver = new TernDriver();
    const relay = await driver.relay();
    const alice = await driver.person('Alice', relay);
    const port = Number(new URL(relay.link).port);
    await relay.stop();
    const asked = Promise.withResolvers<void>();
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      asked.resolve();
    });
    mute.listen(port, '127.0.0.1');
    await once(mute, 'listening');
    expect((mute.address() as AddressInfo).port).toBe(port);
    const running = alice.start(['diagnose']);
    await asked.promise;
    expect(await running.stop()).toMatchObject({ code: 1, out: '', errors: 'tern: interrupted\n' });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});
