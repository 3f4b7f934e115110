import { compareBytes, equalBytes, type Primitives } from '@tern/protocol';
import type { CommitView, Member } from './group-crypto.ts';
import { holderOf } from './identity.ts';

/** Who may change the members of a conversation, agreed when it began. */
export type MemberRule =
  /** a conversation of two people: only their devices */
  | { readonly kind: 'pair'; readonly rootKeys: readonly Uint8Array[] }
  /** a group: these people add and remove others */
  | { readonly kind: 'group'; readonly adminKeys: readonly Uint8Array[] };

/**
 * The one judgement of a commit (rule 24), the same on every device because it looks at nothing else.
 * Anybody may take a fresh leaf, and add or remove devices of their own person.
 */
export function authorise(primitives: Primitives, rule: MemberRule, commit: CommitView): boolean {
  const by = rootKeyOf(primitives, commit.by);
  if (by === undefined) return false;
  const added = commit.adds.map((member) => rootKeyOf(primitives, member));
  const removed = commit.removes.map((member) => rootKeyOf(primitives, member));
  if (rule.kind === 'pair') {
    const inPair = (key: Uint8Array | undefined): boolean =>
      key !== undefined && rule.rootKeys.some((one) => equalBytes(one, key));
    // a device of the other person goes only where a new one of theirs comes in its place
    const replaced = removed.every(
      (key) =>
        key !== undefined &&
        (equalBytes(key, by) || added.some((one) => one !== undefined && equalBytes(one, key))),
    );
    return inPair(by) && added.every(inPair) && replaced;
  }
  const isAdmin = rule.adminKeys.some((key) => equalBytes(key, by));
  return isAdmin || [...added, ...removed].every((key) => key !== undefined && equalBytes(key, by));
}

function rootKeyOf(primitives: Primitives, member: Member): Uint8Array | undefined {
  return holderOf(primitives, member.credential)?.rootKey;
}

/** The rule of a conversation between two people, whichever of them writes it down. */
export function pairRule(one: Uint8Array, other: Uint8Array): MemberRule {
  return { kind: 'pair', rootKeys: [one, other].toSorted(compareBytes) };
}
