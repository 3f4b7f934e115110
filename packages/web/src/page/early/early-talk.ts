import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { base32, type MessageId } from '@tern/protocol';
import type { MessageStatus } from '@tern/core';
import { heldWords, holdWords, shellHandover } from '../../shell/handover.ts';
import { isHome } from '../../shell/look.ts';
import { nameTrouble } from '../screens/onboarding-beginning.ts';
import type { PlainWordKey } from '../words/words.ts';
import { inviterOf, introductionOf, type Inviter } from './inviter.ts';

/** What was written to whoever invited, under the id that the message will have. */
export interface EarlyText {
  readonly id: MessageId;
  readonly text: string;
  /** milliseconds since 1970 */
  readonly at: number;
}

/** Something that only the person can decide about. */
export interface EarlyQuestion {
  readonly says: PlainWordKey;
  readonly action: PlainWordKey;
  readonly answer: () => void;
}

/** A conversation that takes words before the engine is there. Nothing of it is written to a disk. */
export interface EarlyTalk {
  readonly link: string;
  readonly inviter: Inviter;
  /** what the person calls themselves; the conversation is shown as soon as they have said it */
  readonly name: ReadonlySignal<string | undefined>;
  readonly texts: ReadonlySignal<readonly EarlyText[]>;
  /** what the relay of the invitation answered, asked as soon as the person has said who they are */
  readonly introduction: ReadonlySignal<Uint8Array | undefined>;
  /** what stands in the field */
  readonly draft: Signal<string>;
  /** of the engine: 0 to 1 */
  readonly progress: Signal<number>;
  /** how far the engine has brought each text; absent: it has not been handed over yet */
  readonly statuses: Signal<ReadonlyMap<MessageId, MessageStatus>>;
  /** `coming`: the engine is on its way. `waiting`: who invited has not answered. `met`: words go to and fro. */
  readonly standing: Signal<'coming' | 'waiting' | 'met'>;
  readonly question: ReadonlySignal<EarlyQuestion | undefined>;
  /**
   * `shown`: in place of the app. `hidden`: the app has to be asked something first. `left`: the app goes on from here, or nobody was
   * here early.
   */
  readonly stage: Signal<'shown' | 'hidden' | 'left'>;
  say(text: string): void;
  /** Resolves when the person has pressed the button. */
  ask(says: PlainWordKey, action: PlainWordKey): Promise<void>;
  /** Everything is kept where it belongs: from now on closing the page loses nothing. */
  kept(): void;
}

/** Nobody waits longer for what was written before the tab was loaded anew. */
const longestRecallMs = 1000;

/** What the tab forgets with its memory, as it is held for a reload. */
interface Held {
  readonly name: string;
  readonly texts: readonly EarlyText[];
  readonly draft: string;
}

/**
 * For somebody new who opened an invitation: takes the name that they write on the first page, now or later.
 * @param ending ends what it listens to. @returns undefined for everybody else
 */
export async function openEarlyTalk(ending: AbortSignal): Promise<EarlyTalk | undefined> {
  const { link } = shellHandover();
  if (link === undefined || isHome()) return undefined;
  const inviter = await inviterOf(link);
  if (inviter === undefined) return undefined;
  const before = decodeHeld(await Promise.race([heldWords(link), pause(longestRecallMs)]));
  const name = signal(before?.name);
  const texts = signal<readonly EarlyText[]>(before?.texts ?? []);
  const draft = signal(before?.draft ?? '');
  const question = signal<EarlyQuestion | undefined>(undefined);
  const isKept = signal(false);
  const introduction = signal<Uint8Array | undefined>(undefined);
  const stopAsking = effect(() => {
    if (name.value !== undefined)
      void introductionOf(inviter.relay).then((answer) => (introduction.value = answer));
  });
  ending.addEventListener('abort', stopAsking);
  const takeName = (): void => {
    const arrival = shellHandover();
    const said = arrival.name ?? '';
    // what is no name is said beside the field, as to anybody
    if (arrival.submitted && nameTrouble(said) === undefined) name.value ??= said;
  };
  takeName();
  document.getElementById('hello')?.addEventListener('submit', takeName, { signal: ending });

  const stopHolding = effect(() => {
    const held = { name: name.value, texts: texts.value, draft: draft.value };
    if (held.name !== undefined) holdWords(link, isKept.value ? undefined : held);
  });
  ending.addEventListener('abort', stopHolding);
  window.addEventListener(
    'beforeunload',
    (event) => {
      if (!isKept.value && (texts.value.length > 0 || draft.value.trim() !== '')) event.preventDefault();
    },
    { signal: ending },
  );
  return {
    link,
    inviter,
    name,
    texts,
    introduction,
    draft,
    progress: signal(0),
    statuses: signal(new Map()),
    standing: signal('coming'),
    question,
    stage: signal('shown'),
    say(text) {
      const id = base32(crypto.getRandomValues(new Uint8Array(16))) as MessageId;
      texts.value = [...texts.value, { id, text, at: Date.now() }];
    },
    ask: (says, action) =>
      new Promise((answered) => {
        question.value = {
          says,
          action,
          answer() {
            question.value = undefined;
            answered();
          },
        };
      }),
    kept() {
      isKept.value = true;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What comes back from outside this tab is looked at before it is believed. */
function decodeHeld(value: unknown): Held | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, texts, draft } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof draft !== 'string' || !Array.isArray(texts)) return undefined;
  return texts.every(isEarlyText) ? { name, texts, draft } : undefined;
}

function isEarlyText(value: unknown): value is EarlyText {
  if (typeof value !== 'object' || value === null) return false;
  const { id, text, at } = value as Readonly<Record<string, unknown>>;
  return typeof id === 'string' && typeof text === 'string' && typeof at === 'number';
}
