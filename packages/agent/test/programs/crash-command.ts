import type { ContactView, MessageStatus, Notice } from '@tern/core';
import type { Death } from './crash-moment.ts';

/** What a process of the crash test can be told to do: a relay the first two, a device everything. */
export type Command =
  | { readonly do: 'arm'; readonly death?: Death }
  | { readonly do: 'sleep'; readonly aheadMs: number }
  | { readonly do: 'begin'; readonly link: string }
  | { readonly do: 'invite' }
  | { readonly do: 'accept'; readonly link: string }
  | { readonly do: 'say'; readonly to: string; readonly text: string }
  /** synchronise, and do what is told next meanwhile */
  | { readonly do: 'look' }
  | { readonly do: 'sync' }
  | { readonly do: 'read'; readonly from: string }
  | { readonly do: 'list'; readonly with: string };

/** The answer to a command. */
export interface Told {
  readonly id?: string;
  readonly link?: string;
  readonly complete?: boolean;
  readonly troubles?: readonly string[];
  readonly state?: ContactView['state'];
  readonly lines?: readonly Line[];
  readonly notices?: readonly Notice['kind'][];
  readonly invitations?: readonly string[];
}

/** One line of a conversation, as its owner sees it. */
export type Line =
  | { readonly kind: 'gap'; readonly missing: number }
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly fromMe: boolean;
      readonly number: number;
      /** grows as messages arrive */
      readonly position: number;
      readonly status: MessageStatus;
      readonly text: string;
    };

/** What a device was promised: which messages are durable, which of them a relay has, which invitations are out. */
export interface Journal {
  /** by id, to whom */
  readonly durable: ReadonlyMap<string, string>;
  readonly stored: ReadonlySet<string>;
  readonly invited: ReadonlySet<string>;
}

/** A last line that was cut off was never promised to anybody. */
export function parseJournal(text: string): Journal {
  const durable = new Map<string, string>();
  const stored = new Set<string>();
  const invited = new Set<string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [word = '', id = '', to = ''] = line.split(' ');
    if (word === 'durable') durable.set(id, to);
    if (word === 'stored') stored.add(id);
    if (word === 'invited') invited.add(id);
  }
  return { durable, stored, invited };
}
