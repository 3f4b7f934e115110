import type { AskedWrite } from '../batch-judge.ts';
import type { DayVault } from '../day-vault.ts';
import type { RelayStore } from '../store.ts';
import { Courier } from './courier.ts';
import { chargedFor, keepingSecret, pathId, type Keeping } from './defer-rules.ts';
import type { ForwardDesk } from './forward-answer.ts';
import type { Forwarder, ForwarderParts, Payer } from './forwarder.ts';
import { Ration } from './ration.ts';
import { Repeats } from './repeats.ts';

const dayMs = 86_400_000;

/** Everything of a relay that has to do with other relays. */
export class ForwardOffice implements AsyncDisposable {
  readonly desk: ForwardDesk;
  readonly #parts: ForwarderParts;
  readonly #forwarder: Forwarder;
  readonly #courier: Courier;
  readonly #secret: Uint8Array;
  readonly #keptOfOne: Ration;

  constructor(
    make: (parts: ForwarderParts) => Forwarder,
    parts: ForwarderParts & { readonly store: RelayStore; readonly vault: DayVault },
  ) {
    const { relay, limits, world, primitives, store, vault } = parts;
    this.#parts = { relay, limits, world, primitives };
    this.#forwarder = make(this.#parts);
    this.#keptOfOne = new Ration(world, { most: limits.keptBytesOfOne, ms: dayMs });
    this.#secret = keepingSecret(store.secrets, world);
    this.#courier = new Courier({ store, vault, world, limits, forwarder: this.#forwarder });
    this.desk = { forwarder: this.#forwarder, store, repeats: new Repeats(this.#parts) };
  }

  /** @param payer undefined for what came over a peer path */
  keepingOf(payer: Payer | undefined): Keeping {
    return {
      path: payer === undefined ? undefined : pathId(this.#parts.primitives, payer.path),
      secret: this.#secret,
      mayReach: (to) => this.#forwarder.mayReach(to),
    };
  }

  /** Bills what is to be kept, before it is judged. @returns false where who asks has used up what there is */
  bills({ operation }: AskedWrite, payer: Payer | undefined): boolean {
    if (operation.kind !== 'defer' || payer === undefined) return true;
    const { source } = payer;
    const bytes = chargedFor(operation, this.#parts.limits);
    if (source !== undefined && this.#keptOfOne.left(source) < bytes) return false;
    if (!this.#forwarder.mayKeep(operation, payer)) return false;
    if (source !== undefined) this.#keptOfOne.spend(source, bytes);
    return true;
  }

  /** Gives back what was billed for keeping. @param writes that were billed @param keptBytes of them */
  settles(writes: readonly AskedWrite[], payer: Payer | undefined, keptBytes: number): void {
    if (payer?.source === undefined) return;
    const billed = writes.flatMap(({ operation }) =>
      operation.kind === 'defer' ? [chargedFor(operation, this.#parts.limits)] : [],
    );
    const billedBytes = billed.reduce((sum, bytes) => sum + bytes, 0);
    if (billedBytes > 0) this.#keptOfOne.spend(payer.source, keptBytes - billedBytes);
  }

  /** A request is kept, and may be handed on. */
  wake(): void {
    this.#courier.wake();
  }

  deliver(options: { readonly signal: AbortSignal }): Promise<void> {
    return this.#courier.run(options);
  }

  hurry(): void {
    this.#forwarder.hurry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forwarder[Symbol.asyncDispose]();
  }
}
