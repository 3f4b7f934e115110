import {
  encode,
  hash,
  hintCodec,
  limits as wireLimits,
  utf8,
  type BatchId,
  type Forward,
} from '@tern/protocol';
import type { ForwarderParts, Payer } from './forwarder.ts';
import { keyName } from '../overlay.ts';

const mostRemembered = 50_000;
const nameBytes = 16;

/**
 * How often one batch, and for one source one request, was handed on: nobody has a relay connect again and again with the same bytes. In
 * memory, for as long as a batch may be repeated; beyond so many the oldest are forgotten.
 */
export class Repeats {
  readonly #parts: Pick<ForwarderParts, 'world' | 'limits' | 'primitives'>;
  /** the oldest first */
  readonly #known = new Map<string, { times: number; readonly until: number }>();

  constructor(parts: Pick<ForwarderParts, 'world' | 'limits' | 'primitives'>) {
    this.#parts = parts;
  }

  /** @returns false, counting nothing, for what was handed on so often already */
  take(batch: BatchId, { to, request }: Pick<Forward, 'to' | 'request'>, payer: Payer): boolean {
    const { world, limits, primitives } = this.#parts;
    const now = world.now();
    for (const [name, { until }] of this.#known) {
      if (until > now) break;
      this.#known.delete(name);
    }
    const who = utf8(payer.source ?? '');
    // everybody asks for a card with the same bytes: none
    const same =
      request.length > 0 ? [hash(primitives, 'handed on', who, encode(hintCodec, to), request)] : [];
    const names = [batch, ...same.map((one) => keyName(one.subarray(0, nameBytes)))];
    if (names.some((name) => (this.#known.get(name)?.times ?? 0) >= limits.forwardRepeats)) return false;
    for (const name of names) {
      const known = this.#known.get(name);
      if (known !== undefined) known.times += 1;
      else this.#known.set(name, { times: 1, until: now + wireLimits.batchLifetimeSeconds * 1000 });
    }
    for (const name of this.#known.keys()) {
      if (this.#known.size <= mostRemembered) break;
      this.#known.delete(name);
    }
    return true;
  }
}
