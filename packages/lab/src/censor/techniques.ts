/** Every technique by its name in a scenario file: the fields it has, what it does to a packet, and how it is said in words. */
import { type Fields } from '../scenario/field.ts';
import { type Bite, type Look } from './look.ts';
import { type RuleOf, type Technique } from './policy.ts';
import { addressBlock, addressBlockFields, wordsOfAddressBlock } from './rules/address-block.ts';
import { ageLimit, ageLimitFields, wordsOfAgeLimit } from './rules/age-limit.ts';
import { borderCut, borderCutFields, wordsOfBorderCut } from './rules/border-cut.ts';
import { crawl, crawlFields, wordsOfCrawl } from './rules/crawl.ts';
import { dnsHijack, dnsHijackFields, wordsOfDnsHijack } from './rules/dns-hijack.ts';
import { dnsRemove, dnsRemoveFields, wordsOfDnsRemove } from './rules/dns-remove.ts';
import { freezeBytes, freezeBytesFields, wordsOfFreezeBytes } from './rules/freeze-bytes.ts';
import { freezePackets, freezePacketsFields, wordsOfFreezePackets } from './rules/freeze-packets.ts';
import { fullyEncrypted, fullyEncryptedFields, wordsOfFullyEncrypted } from './rules/fully-encrypted.ts';
import { nameBlackhole, nameBlackholeFields, wordsOfNameBlackhole } from './rules/name-blackhole.ts';
import { nameReset, nameResetFields, wordsOfNameReset } from './rules/name-reset.ts';
import { police, policeFields, wordsOfPolice } from './rules/police.ts';
import { protocolList, protocolListFields, wordsOfProtocolList } from './rules/protocol-list.ts';
import { siberian, siberianFields, wordsOfSiberian } from './rules/siberian.ts';
import { swallowStanding, swallowStandingFields, wordsOfSwallowStanding } from './rules/swallow-standing.ts';
import { tlsPrint, tlsPrintFields, wordsOfTlsPrint } from './rules/tls-print.ts';
import { udpFilter, udpFilterFields, wordsOfUdpFilter } from './rules/udp-filter.ts';

type Entry<Name extends Technique> = {
  readonly fields: Fields<RuleOf<Name>>;
  readonly bite: (rule: RuleOf<Name>, look: Look) => Bite;
  readonly words: (rule: RuleOf<Name>) => string;
};

type Table = { readonly [Name in Technique]: Entry<Name> };

const table: Table = {
  'address-block': { fields: addressBlockFields, bite: addressBlock, words: wordsOfAddressBlock },
  'age-limit': { fields: ageLimitFields, bite: ageLimit, words: wordsOfAgeLimit },
  'border-cut': { fields: borderCutFields, bite: borderCut, words: wordsOfBorderCut },
  crawl: { fields: crawlFields, bite: crawl, words: wordsOfCrawl },
  'dns-hijack': { fields: dnsHijackFields, bite: dnsHijack, words: wordsOfDnsHijack },
  'dns-remove': { fields: dnsRemoveFields, bite: dnsRemove, words: wordsOfDnsRemove },
  'freeze-bytes': { fields: freezeBytesFields, bite: freezeBytes, words: wordsOfFreezeBytes },
  'freeze-packets': { fields: freezePacketsFields, bite: freezePackets, words: wordsOfFreezePackets },
  'fully-encrypted': { fields: fullyEncryptedFields, bite: fullyEncrypted, words: wordsOfFullyEncrypted },
  'name-blackhole': { fields: nameBlackholeFields, bite: nameBlackhole, words: wordsOfNameBlackhole },
  'name-reset': { fields: nameResetFields, bite: nameReset, words: wordsOfNameReset },
  police: { fields: policeFields, bite: police, words: wordsOfPolice },
  'protocol-list': { fields: protocolListFields, bite: protocolList, words: wordsOfProtocolList },
  siberian: { fields: siberianFields, bite: siberian, words: wordsOfSiberian },
  'swallow-standing': {
    fields: swallowStandingFields,
    bite: swallowStanding,
    words: wordsOfSwallowStanding,
  },
  'tls-print': { fields: tlsPrintFields, bite: tlsPrint, words: wordsOfTlsPrint },
  'udp-filter': { fields: udpFilterFields, bite: udpFilter, words: wordsOfUdpFilter },
};

export const techniques: readonly string[] = Object.keys(table);

export function isTechnique(word: unknown): word is Technique {
  return typeof word === 'string' && Object.hasOwn(table, word);
}

export function fieldsOf<Name extends Technique>(technique: Name): Fields<RuleOf<Name>> {
  return table[technique].fields;
}

export function biteOf<Name extends Technique>(rule: RuleOf<Name>, look: Look): Bite {
  return entryOf(rule).bite(rule, look);
}

export function wordsOf<Name extends Technique>(rule: RuleOf<Name>): string {
  return entryOf(rule).words(rule);
}

/** The cast says what the table's type already does: the entry under a rule's technique is for such rules. */
function entryOf<Name extends Technique>(rule: RuleOf<Name>): Entry<Name> {
  return table[rule.technique] as unknown as Entry<Name>;
}
