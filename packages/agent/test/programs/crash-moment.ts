import process from 'node:process';
import type { ClientStore } from '@tern/core';
import type { Primitives, World } from '@tern/protocol';
import type { Transport } from '@tern/reach';

/**
 * What a process does that another process, or the disk, or itself after a crash could tell apart. A death falls between two of them:
 * - of a store: before a `read` or a `change`, when a change is `written` but not committed, when it is `committed` but nobody knows
 * - of a network: before a request is `carried`, at each `piece` of its answer, when it was `answered` and nothing was made of it
 * - of a relay: when an append was `flushed` and its answer is not made yet
 * - anywhere: at a piece of `chance` or of `cryptography`
 */
export const steps = [
  'read',
  'change',
  'written',
  'committed',
  'carried',
  'piece',
  'answered',
  'flushed',
  'chance',
  'cryptography',
] as const;
export type Step = (typeof steps)[number];

/** "Die at the third `change` from now, two turns of the event loop later." */
export interface Death {
  readonly at: Step;
  readonly count: number;
  readonly turns: number;
}

/** Counts the steps of this process and ends it, as the kernel would, at the one it was told. */
export class Moment {
  #death: Death | undefined;
  #left = 0;

  arm(death: Death | undefined): void {
    this.#death = death;
    this.#left = death?.count ?? 0;
  }

  pass(step: Step): void {
    if (this.#death?.at !== step) return;
    this.#left -= 1;
    if (this.#left === 0) dieAfter(this.#death.turns);
  }
}

function dieAfter(turns: number): void {
  if (turns === 0) process.kill(process.pid, 'SIGKILL');
  else setImmediate(() => dieAfter(turns - 1));
}

/** What a process is told of its fate. */
interface Mortality {
  readonly moment: Moment;
  /** how far all processes of the test live ahead of the machine's clock */
  readonly ahead: { ms: number };
}

export function mortalStore(store: ClientStore, moment: Moment): ClientStore {
  return {
    read(work) {
      moment.pass('read');
      return store.read(work);
    },
    async change(work, options) {
      moment.pass('change');
      const result = await store.change(async (change) => {
        const made = await work(change);
        moment.pass('written');
        return made;
      }, options);
      moment.pass('committed');
      return result;
    },
    changes: (signal) => store.changes(signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export function mortalTransport(transport: Transport, moment: Moment): Transport {
  return {
    name: transport.name,
    async *carry(to, request, options) {
      moment.pass('carried');
      let begun = false;
      try {
        for await (const piece of transport.carry(to, request, options)) {
          moment.pass('piece');
          begun = true;
          yield piece;
        }
      } finally {
        if (begun) moment.pass('answered'); // whoever has read the last record asks for no further piece
      }
    },
  };
}

export function mortalWorld(world: World, { moment, ahead }: Mortality): World {
  return {
    ...world,
    now: () => world.now() + ahead.ms,
    randomBytes(length) {
      moment.pass('chance');
      return world.randomBytes(length);
    },
  };
}

const sealingNonceBytes = 12;
const answerNonceBytes = 32;

/** A relay draws a short nonce for each entry it stores, and after the flush a long one for the answer. */
export function mortalRelayWorld(world: World, mortality: Mortality): World {
  const mortal = mortalWorld(world, mortality);
  let stored = false;
  return {
    ...mortal,
    randomBytes(length) {
      if (length === sealingNonceBytes) stored = true;
      if (length === answerNonceBytes && stored) {
        stored = false;
        mortality.moment.pass('flushed');
      }
      return mortal.randomBytes(length);
    },
  };
}

export function mortalPrimitives(primitives: Primitives, moment: Moment): Primitives {
  const between = <Given extends readonly unknown[], Made>(
    work: (...given: Given) => Made,
  ): ((...given: Given) => Made) => {
    return (...given) => {
      moment.pass('cryptography');
      return work(...given);
    };
  };
  return {
    ...primitives,
    seal: between(primitives.seal),
    open: between(primitives.open),
    x25519: between(primitives.x25519),
    ed25519Sign: between(primitives.ed25519Sign),
    ed25519Verify: between(primitives.ed25519Verify),
  };
}
