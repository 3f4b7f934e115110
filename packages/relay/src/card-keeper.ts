import {
  encodeCard,
  equalBytes,
  hash,
  hpkeKeyPair,
  openCard,
  relayIdOf,
  type Card,
  type CardKey,
  type Primitives,
  type RelayId,
  type World,
} from '@tern/protocol';
import type { SecretBox } from './store.ts';

const identityName = 'identity';
const cardName = 'card';
const keyPrefix = 'seal-';
const daySeconds = 86_400;
/** rule 1: rotated weekly, accepted for five weeks */
const rotationSeconds = 7 * daySeconds;
const acceptanceSeconds = 35 * daySeconds;
const cardLifetimeSeconds = 28 * daySeconds;
const cardRenewalSeconds = daySeconds;
const keyIdBytes = 8;

/** What the operator decides about the card. */
export type CardContent = Pick<
  Card,
  'endpoints' | 'host' | 'door' | 'public' | 'roomBytes' | 'lifetime' | 'logs'
>;

interface SealingPair {
  readonly id: Uint8Array;
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly madeAt: number;
}

/** Who the relay is: its long-lived signing key, the keys batches are sealed to, and the card that says so (rule 1). */
export class CardKeeper {
  readonly id: RelayId;
  /** Ed25519 */
  readonly signingKey: Uint8Array;
  readonly #primitives: Primitives;
  readonly #world: World;
  readonly #secrets: SecretBox;
  readonly #content: CardContent;
  readonly #seed: Uint8Array;
  /** newest first */
  #pairs: readonly SealingPair[];
  #card: { readonly bytes: Uint8Array; readonly card: Card } | undefined;

  constructor(options: {
    readonly primitives: Primitives;
    readonly world: World;
    readonly secrets: SecretBox;
    readonly content: CardContent;
  }) {
    const { primitives, world, secrets } = options;
    this.#primitives = primitives;
    this.#world = world;
    this.#secrets = secrets;
    this.#content = options.content;
    const known = secrets.read(identityName);
    this.#seed = known ?? world.randomBytes(32);
    if (known === undefined) secrets.write(identityName, this.#seed);
    this.signingKey = primitives.ed25519PublicKey(this.#seed);
    this.id = relayIdOf(primitives, this.signingKey);
    this.#pairs = this.#readPairs();
    this.#card = this.#readCard();
    this.tend();
  }

  /** The current card, signed. */
  card(): Uint8Array {
    return this.#current().bytes;
  }

  get number(): number {
    return this.#current().card.number;
  }

  /** @returns undefined for a key that never was or is no longer accepted */
  sealingKey(id: Uint8Array): Pick<SealingPair, 'privateKey' | 'publicKey'> | undefined {
    const now = this.#second();
    return this.#pairs.find((pair) => equalBytes(pair.id, id) && pair.madeAt + acceptanceSeconds > now);
  }

  /** Makes the week's key, erases those of more than five weeks, and renews the card when it says something old. */
  tend(): void {
    const now = this.#second();
    for (const pair of this.#pairs) {
      if (pair.madeAt + acceptanceSeconds <= now) this.#secrets.erase(`${keyPrefix}${pair.madeAt}`);
    }
    this.#pairs = this.#pairs.filter((pair) => pair.madeAt + acceptanceSeconds > now);
    const [newest] = this.#pairs;
    if (newest === undefined || newest.madeAt + rotationSeconds <= now) {
      const seed = this.#world.randomBytes(32);
      this.#secrets.write(`${keyPrefix}${now}`, seed);
      this.#pairs = [this.#pairOf(seed, now), ...this.#pairs];
    }
    if (this.#card === undefined || !this.#isFresh(this.#card.card, now)) this.#issue(now);
  }

  #current(): { readonly bytes: Uint8Array; readonly card: Card } {
    if (this.#card === undefined || !this.#isFresh(this.#card.card, this.#second())) this.tend();
    return this.#card ?? this.#issue(this.#second());
  }

  #isFresh(card: Card, now: number): boolean {
    const { endpoints, host, door, public: open, roomBytes, lifetime, logs } = this.#content;
    return (
      card.issuedAt <= now &&
      card.issuedAt + cardRenewalSeconds > now &&
      equalBytes(card.keys[0]?.id ?? new Uint8Array(), this.#pairs[0]?.id ?? new Uint8Array()) &&
      card.endpoints.join(' ') === endpoints.join(' ') &&
      card.host === host &&
      card.door === door &&
      card.public === open &&
      card.roomBytes === roomBytes &&
      card.lifetime === lifetime &&
      card.logs === logs
    );
  }

  #issue(now: number): { readonly bytes: Uint8Array; readonly card: Card } {
    const card: Card = {
      ...this.#content,
      signingKey: this.signingKey,
      number: (this.#card?.card.number ?? 0) + 1,
      issuedAt: now,
      notAfter: now + cardLifetimeSeconds,
      keys: this.#pairs.slice(0, 8).map(({ id, publicKey, madeAt }): CardKey => ({
        id,
        publicKey,
        notAfter: madeAt + acceptanceSeconds,
      })),
    };
    const issued = { bytes: encodeCard(this.#primitives, card, this.#seed), card };
    this.#secrets.write(cardName, issued.bytes);
    this.#card = issued;
    return issued;
  }

  #readCard(): { readonly bytes: Uint8Array; readonly card: Card } | undefined {
    const bytes = this.#secrets.read(cardName);
    const opened = bytes && openCard(this.#primitives, bytes);
    return bytes === undefined || opened?.relay !== this.id ? undefined : { bytes, card: opened.card };
  }

  #readPairs(): readonly SealingPair[] {
    const pairs: SealingPair[] = [];
    for (const name of this.#secrets.names()) {
      const seed = name.startsWith(keyPrefix) ? this.#secrets.read(name) : undefined;
      if (seed !== undefined) pairs.push(this.#pairOf(seed, Number(name.slice(keyPrefix.length))));
    }
    return pairs.sort((a, b) => b.madeAt - a.madeAt);
  }

  #pairOf(seed: Uint8Array, madeAt: number): SealingPair {
    const pair = hpkeKeyPair(this.#primitives, seed);
    const id = hash(this.#primitives, 'sealing key', pair.publicKey).subarray(0, keyIdBytes);
    return { ...pair, id, madeAt };
  }

  #second(): number {
    return Math.floor(this.#world.now() / 1000);
  }
}
