import {
  formatInvitationLink,
  noblePrimitives,
  originOf,
  personIdOf,
  type InvitationLink,
} from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inviterOf } from '../src/page/early/inviter.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const invitations: fc.Arbitrary<InvitationLink> = fc.record({
  rootKey: bytes(32),
  name: fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter((name) => new TextEncoder().encode(name).length <= 80),
  capability: fc.record({
    payload: fc.uint8Array({ minLength: 1, maxLength: 120 }),
    signature: bytes(64),
  }),
  seed: bytes(32),
  sealingKey: bytes(32),
  hosts: fc
    .record({
      address: fc.constantFrom('relay.example', '192.0.2.7', '[2001:db8::7]'),
      port: fc.integer({ min: 1, max: 65_535 }),
      tls: fc.boolean(),
      path: fc.stringMatching(/^[a-zA-Z0-9_-]{1,32}$/),
    })
    .map((host) => [host]),
  doors: fc.constant([]),
});

test('the first screen names the same person and relay that the engine will find in an invitation', async () => {
  await fc.assert(
    fc.asyncProperty(invitations, async (invitation) => {
      const found = await inviterOf(formatInvitationLink(invitation));
      const person = personIdOf(noblePrimitives, invitation.rootKey);
      const [host] = invitation.hosts;
      if (host === undefined) throw new Error('no host');
      expect(found).toEqual({ name: invitation.name, person, relay: `${originOf(host)}/${host.path}` });
    }),
  );
});

test('whatever else stands in a link names nobody, and breaks nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => {
      const fragment = Buffer.from(noise).toString('base64url');
      expect(await inviterOf(`https://relay.example/app/#i${fragment}`)).toBeUndefined();
      expect(await inviterOf(`https://relay.example/app/#r${fragment}`)).toBeUndefined();
    }),
  );
  expect(await inviterOf('https://relay.example/app/')).toBeUndefined();
});

test('an invitation that was cut within the name names nobody', async () => {
  const [invitation] = fc.sample(
    invitations.filter(({ name }) => name.length > 4),
    1,
  );
  if (invitation === undefined) throw new Error('no sample');
  const link = formatInvitationLink(invitation);
  const start = link.indexOf('#i') + 2;
  expect(await inviterOf(link.slice(0, start + 52))).toBeUndefined();
});
