/**
 * Connections are judged by their ClientHello's fingerprint (JA4) and the protocols it offers, after all its segments were put together:
 * Telegram's single static one in April and June 2026, ALPN `imap` on port 443 (catalogue T15).
 */
import { texts, type Fields } from '../../scenario/field.ts';
import { ja4Of } from '../../net/hello-print.ts';
import { dropped, isExcepted, isNamed, markOf, type Bite, type Look } from '../look.ts';
import { matcherOf } from '../name-pattern.ts';
import { type Which, whichFields } from '../which.ts';

export type TlsPrint = Which & {
  readonly technique: 'tls-print';
  /** Patterns of JA4 that pass: `t13d*`. Empty: all that are not denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Each offered protocol must be one of these. Empty: any. */
  readonly alpn: readonly string[];
};

const anyText = texts([], () => undefined);

export const tlsPrintFields: Fields<TlsPrint> = {
  ...whichFields,
  allow: anyText,
  deny: anyText,
  alpn: anyText,
};

export function tlsPrint(rule: TlsPrint, look: Look): Bite {
  const { hello } = look.flow;
  if (hello === undefined || isExcepted(look) || !isNamed(look, 'reassembling', rule)) return undefined;
  const mark = markOf(look, () => ({ cut: false, judged: false }));
  if (!mark.judged) {
    const print = ja4Of(hello);
    const allowed = (rule.allow.length === 0 || matcherOf(rule.allow)(print)) && !matcherOf(rule.deny)(print);
    const offersOnly = rule.alpn.length === 0 || hello.alpn.every((one) => rule.alpn.includes(one));
    mark.judged = true;
    mark.cut = !allowed || !offersOnly;
  }
  return mark.cut ? dropped : undefined;
}

export function wordsOfTlsPrint(rule: TlsPrint): string {
  const allow = rule.allow.length === 0 ? '' : ` other than ${rule.allow.join(', ')}`;
  const deny = rule.deny.length === 0 ? '' : `, and ${rule.deny.join(', ')} in any case`;
  const alpn = rule.alpn.length === 0 ? '' : `; so are those that offer anything but ${rule.alpn.join(', ')}`;
  return `connections whose fingerprint (JA4) is one${allow}${deny} are dropped from the ClientHello on${alpn}`;
}
