/**
 * A first packet that looks like nothing but noise is what obfuscating proxies send. China, November 2021 to March 2023, to the ranges of popular
 * hosters, and of those connections 26.3 %: dropped from client to server, then 180 s of silence (Wu et al., USENIX Security 2023; catalogue T19).
 */
import { number, type Fields } from '../../scenario/field.ts';
import { dropped, markOf, type Bite, type Look } from '../look.ts';
import { looksLikeNoise } from '../noise.ts';
import {
  beginResidual,
  biteOfResidual,
  residualFields,
  wordsOfResidual,
  type Residual,
} from '../residual.ts';
import { type Which, whichFields } from '../which.ts';

export type FullyEncrypted = Which &
  Residual & {
    readonly technique: 'fully-encrypted';
    /** The share of such connections that are cut. */
    readonly probability: number;
  };

export const fullyEncryptedFields: Fields<FullyEncrypted> = {
  ...whichFields,
  ...residualFields,
  probability: number({ least: 0, most: 1 }, 0.263),
};

export function fullyEncrypted(rule: FullyEncrypted, look: Look): Bite {
  const { packet, news, flow } = look;
  const mark = markOf(look, () => ({ cut: false }));
  if (mark.cut) return news.forth ? dropped : undefined;
  const residual = biteOfResidual(rule, look);
  if (residual !== undefined) return residual;
  const isFirst =
    packet.tcp !== undefined && news.forth && packet.payload.length > 0 && flow.forth.loaded === 1;
  if (!isFirst || !looksLikeNoise(packet.payload)) return undefined;
  if (rule.probability < 1 && look.chance() >= rule.probability) return undefined;
  mark.cut = true;
  beginResidual(rule, look);
  return dropped;
}

export function wordsOfFullyEncrypted(rule: FullyEncrypted): string {
  const share = rule.probability < 1 ? `${Math.round(rule.probability * 1000) / 10} % of the ` : '';
  return `${share}connections whose first packet looks like noise lose what the client sends${wordsOfResidual(rule)}`;
}
