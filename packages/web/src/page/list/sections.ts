import type { ConversationSummary } from '@tern/core';

export interface Sections {
  readonly requests: readonly ConversationSummary[];
  /** pinned ones first, then as the engine orders them: the latest first */
  readonly main: readonly ConversationSummary[];
  readonly archived: readonly ConversationSummary[];
}

export function sectionsOf(all: readonly ConversationSummary[]): Sections {
  const requests = all.filter((one) => one.request);
  const archived = all.filter((one) => !one.request && one.flags.archived);
  const rest = all.filter((one) => !one.request && !one.flags.archived);
  const pinned = rest.filter((one) => one.flags.pinned);
  return { requests, archived, main: [...pinned, ...rest.filter((one) => !one.flags.pinned)] };
}

/** Those whose name contains every word of the query, whatever the case and the accents. */
export function matching(all: readonly ConversationSummary[], query: string): readonly ConversationSummary[] {
  const wanted = plain(query).split(/\s+/).filter(Boolean);
  return all.filter(({ name }) => {
    const known = plain(name);
    return wanted.every((want) => known.includes(want));
  });
}

function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
