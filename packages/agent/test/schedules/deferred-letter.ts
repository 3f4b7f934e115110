import { openCard, peerPathOf, sealRequest, type World } from '@tern/protocol';
import type { Relay } from '@tern/relay';
import { smallEntry, TestClient } from '@tern/relay/testing';
import { here, type Prepared } from './prepared.ts';
import { playPrimitives } from './play-curves.ts';

const lifetimeSeconds = 3600;

/** One entry that is left with one relay for another (rule 30), and what became of it. */
export class DeferredLetter {
  readonly #prepared: Prepared;
  readonly #world: World;
  readonly #entry: Uint8Array;
  /** set once the near relay has promised to deliver it */
  #ticket: Uint8Array | undefined;

  constructor(prepared: Prepared, { near, world }: { readonly near: Relay; readonly world: World }) {
    this.#prepared = prepared;
    this.#world = world;
    this.#entry = smallEntry(world);
    void this.#leaveWith(near);
  }

  /** What is not as promised. A relay that is dead just now is a fault too. */
  async faults(near: Relay | undefined, far: Relay | undefined): Promise<readonly string[]> {
    if (this.#ticket === undefined) return [];
    if (near === undefined || far === undefined) return ['a relay is not there'];
    const { letters } = this.#prepared;
    const operation = {
      kind: 'watch',
      add: [{ log: letters.log, after: 0, number: 0 }],
      drop: [],
      waitSeconds: 0,
    } as const;
    const { results } = await this.#client(far).ask([{ operation, seeds: [letters.seeds.read] }]);
    const copies = results.filter(
      (result) => result.kind === 'entry' && Buffer.compare(result.entry, this.#entry) === 0,
    ).length;
    const { results: collected } = await this.#client(near).ask([
      { operation: { kind: 'collect', ticket: this.#ticket } },
    ]);
    const [word] = collected;
    return [
      ...(copies === 1 ? [] : [`a letter that was promised is there ${copies} times`]),
      ...(word?.kind === 'forwarded' ? [] : [`of a letter is said: ${word?.kind ?? 'nothing'}`]),
    ];
  }

  async #leaveWith(near: Relay): Promise<void> {
    const { letters, card, relays } = this.#prepared;
    const { hint } = here(relays.get('first'));
    const notAfter = Math.floor(this.#world.now() / 1000) + lifetimeSeconds;
    const relay = here(hint.relay);
    // it only makes the batch: the near relay carries it
    const far = { id: relay, answer: (): Promise<never> => new Promise<never>(() => undefined) };
    const plaintext = new TestClient(far, playPrimitives, this.#world).batch(
      [
        {
          operation: { kind: 'append', log: letters.log, number: 0, entry: this.#entry },
          seeds: [letters.seeds.append],
        },
      ],
      { notAfter },
    );
    const key = here(openCard(playPrimitives, card)?.card.keys[0]);
    const sealed = sealRequest(playPrimitives, plaintext, {
      relay,
      key,
      seed: this.#world.randomBytes(32),
    });
    const to = { ...hint, path: peerPathOf(playPrimitives, hint.path) };
    const answer = await this.#client(near).one({ kind: 'defer', to, request: sealed.bytes, notAfter });
    if (answer.kind === 'kept') this.#ticket = answer.ticket;
  }

  #client(relay: Relay): TestClient {
    const { signal } = new AbortController();
    return new TestClient(
      { id: relay.id, answer: (body) => relay.answer(body, { signal, path: 'of-the-letter' }) },
      playPrimitives,
      this.#world,
    );
  }
}
