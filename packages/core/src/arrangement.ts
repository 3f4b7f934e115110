import {
  MalformedError,
  utf8Text,
  type Content,
  type DeviceId,
  type MessageId,
  type Part,
  type PersonId,
} from '@tern/protocol';
import type { GapView, MessageStatus, MessageView } from './client.ts';
import type { Message } from './message-store.ts';

/** What is known of a message beside its content. */
export interface Standing {
  readonly fromMe: boolean;
  readonly status: MessageStatus;
  readonly because?: string;
}

/**
 * The list as people see it: places in the order of arrival, but the messages of one device in the order of their running
 * numbers within the places that this device holds (rule 14), and a gap where numbers are missing. Edits, deletes and
 * reactions take effect on the message they name, if it is their author's; they are no lines of their own.
 */
export function arrange(
  messages: readonly Message[],
  options: {
    readonly standing: (message: Message) => Standing;
    /** how many of a device's numbers, both included, are still expected */
    readonly missing: (device: DeviceId, from: number, to: number) => number;
  },
): readonly (MessageView | GapView)[] {
  const ordered = byNumber(messages);
  const { shown, edits, reactions } = sortOut(ordered);
  const last = new Map<DeviceId, number>();
  const lines: (MessageView | GapView)[] = [];
  for (const message of ordered) {
    if (message.number > 0) {
      const missing = options.missing(
        message.device,
        (last.get(message.device) ?? 0) + 1,
        message.number - 1,
      );
      if (missing > 0 && !options.standing(message).fromMe) {
        lines.push({ kind: 'gap', from: message.from, device: message.device, missing });
      }
      last.set(message.device, Math.max(message.number, last.get(message.device) ?? 0));
    }
    if (!shown.has(message)) continue;
    lines.push(
      viewOf(message, {
        edit: edits.get(message.content.id),
        reactions: reactions.get(message.content.id) ?? [],
        ...options.standing(message),
      }),
    );
  }
  return lines;
}

/** Own messages without a number stay last of their device, in the order they were written. */
function byNumber(messages: readonly Message[]): readonly Message[] {
  const byDevice = Map.groupBy(messages, (message) => message.device);
  const rank = (message: Message): number =>
    message.number === 0 ? Number.POSITIVE_INFINITY : message.number;
  const next = new Map<DeviceId, Iterator<Message>>();
  for (const [device, queue] of byDevice) {
    const sorted = queue.toSorted((a, b) =>
      rank(a) === rank(b) ? a.position - b.position : rank(a) - rank(b),
    );
    next.set(device, sorted.values());
  }
  return messages.flatMap((message) => {
    const step = next.get(message.device)?.next();
    return step === undefined || step.done === true ? [] : [step.value];
  });
}

interface Sorted {
  readonly shown: ReadonlySet<Message>;
  readonly edits: ReadonlyMap<MessageId, Message>;
  readonly reactions: ReadonlyMap<MessageId, readonly Message[]>;
}

function sortOut(messages: readonly Message[]): Sorted {
  const authors = new Map<MessageId, PersonId>(messages.map((message) => [message.content.id, message.from]));
  const shown = new Set<Message>();
  const edits = new Map<MessageId, Message>();
  const reactions = new Map<MessageId, Message[]>();
  for (const message of messages) {
    const { replaces, inReplyTo, part } = message.content;
    if (replaces !== undefined) {
      // an edit of what is not here, or not its author's, is dropped: nobody speaks for another (rule 24)
      if (authors.get(replaces) === message.from) edits.set(replaces, message);
    } else if (part.disposition === reactionDisposition && inReplyTo !== undefined) {
      reactions.set(inReplyTo, [...(reactions.get(inReplyTo) ?? []), message]);
    } else {
      shown.add(message);
    }
  }
  return { shown, edits, reactions };
}

const reactionDisposition = 2;

function viewOf(
  message: Message,
  about: Standing & { readonly edit: Message | undefined; readonly reactions: readonly Message[] },
): MessageView {
  const content: Content =
    about.edit === undefined ? message.content : { ...message.content, part: about.edit.content.part };
  const deleted = about.edit?.content.part.kind === 'null';
  const text = textOf(content.part);
  const file = fileOf(content.part);
  return {
    kind: 'message',
    id: message.content.id,
    conversation: message.conversation,
    from: message.from,
    device: message.device,
    fromMe: about.fromMe,
    number: message.number,
    position: message.position,
    at: message.content.at,
    arrivedAt: message.arrivedAt,
    content,
    ...(text === undefined ? {} : { text }),
    ...(file === undefined ? {} : { file: { name: file.name, type: file.type, size: file.size, here: false } }),
    ...(content.inReplyTo === undefined ? {} : { replyTo: content.inReplyTo }),
    edited: about.edit !== undefined && !deleted,
    deleted,
    reactions: about.reactions.flatMap((reaction) => {
      const word = textOf(reaction.content.part);
      return word === undefined ? [] : [{ from: reaction.from, text: word }];
    }),
    newer: content.part.kind === 'unknown',
    status: about.status,
    ...(about.because === undefined ? {} : { because: about.because }),
  };
}

function textOf(part: Part): string | undefined {
  if (part.kind === 'multi') {
    for (const one of part.parts) {
      const text = textOf(one);
      if (text !== undefined) return text;
    }
    return undefined;
  }
  if (part.kind !== 'single' || !part.type.startsWith('text/plain')) return undefined;
  try {
    return utf8Text(part.content);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** The file of a message, if it has one. */
export function fileOf(part: Part): Extract<Part, { kind: 'external' }> | undefined {
  if (part.kind === 'external') return part;
  return part.kind === 'multi' ? part.parts.find((one) => one.kind === 'external') : undefined;
}
