/** A policy is data: the rules of one ISP in the order in which its boxes stand, every number fixed. It survives JSON. */
import { type AddressBlock } from './rules/address-block.ts';
import { type AgeLimit } from './rules/age-limit.ts';
import { type BorderCut } from './rules/border-cut.ts';
import { type Crawl } from './rules/crawl.ts';
import { type DnsHijack } from './rules/dns-hijack.ts';
import { type DnsRemove } from './rules/dns-remove.ts';
import { type FreezeBytes } from './rules/freeze-bytes.ts';
import { type FreezePackets } from './rules/freeze-packets.ts';
import { type FullyEncrypted } from './rules/fully-encrypted.ts';
import { type NameBlackhole } from './rules/name-blackhole.ts';
import { type NameReset } from './rules/name-reset.ts';
import { type Police } from './rules/police.ts';
import { type ProtocolList } from './rules/protocol-list.ts';
import { type Siberian } from './rules/siberian.ts';
import { type SwallowStanding } from './rules/swallow-standing.ts';
import { type TlsPrint } from './rules/tls-print.ts';
import { type UdpFilter } from './rules/udp-filter.ts';

export type Policy = { readonly rules: readonly Rule[] };

export type Rule =
  | AddressBlock
  | AgeLimit
  | BorderCut
  | Crawl
  | DnsHijack
  | DnsRemove
  | FreezeBytes
  | FreezePackets
  | FullyEncrypted
  | NameBlackhole
  | NameReset
  | Police
  | ProtocolList
  | Siberian
  | SwallowStanding
  | TlsPrint
  | UdpFilter;

export type Technique = Rule['technique'];
export type RuleOf<Name extends Technique> = Extract<Rule, { readonly technique: Name }>;
