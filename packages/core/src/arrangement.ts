import type { DeviceId } from '@tern/protocol';
import type { GapView, MessageStatus, MessageView } from './client.ts';
import { fileOf, pictureOf, textOf } from './file-parts.ts';
import type { Message } from './message-store.ts';

/** What is known of a message beside its content. */
export interface Standing {
  readonly fromMe: boolean;
  readonly status: MessageStatus;
  readonly because?: string;
  /** all of its file is kept here */
  readonly here?: boolean;
}

/**
 * The list as people see it: places in the order of arrival, but the messages of one device in the order of their running
 * numbers within the places that this device holds (rule 14), and a gap where numbers are missing. Any end of the list keeps that order.
 */
export function arrange(
  messages: readonly Message[],
  options: {
    readonly standing: (message: Message) => Standing;
    /** how many of a device's numbers, both included, are still expected */
    readonly missing: (device: DeviceId, from: number, to: number) => number;
    /** of an end of the list: the number before a device's first one in it, up to which gaps stand further up */
    readonly before?: (device: DeviceId, number: number) => number;
  },
): readonly (MessageView | GapView)[] {
  const last = new Map<DeviceId, number>();
  const lines: (MessageView | GapView)[] = [];
  for (const message of byNumber(messages)) {
    const { device, number } = message;
    if (number > 0) {
      const before = last.get(device) ?? options.before?.(device, number) ?? 0;
      const missing = options.missing(device, before + 1, number - 1);
      if (missing > 0 && !options.standing(message).fromMe)
        lines.push({ kind: 'gap', from: message.from, device, missing });
      last.set(device, Math.max(number, before));
    }
    if (message.marks?.hidden !== true) lines.push(viewOf(message, options.standing(message)));
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

function viewOf(message: Message, about: Standing): MessageView {
  const { content } = message;
  const { part } = content;
  const deleted = part.kind === 'null';
  const text = textOf(part);
  const file = fileOf(part);
  const picture = pictureOf(part);
  return {
    kind: 'message',
    id: content.id,
    conversation: message.conversation,
    from: message.from,
    device: message.device,
    fromMe: about.fromMe,
    number: message.number,
    position: message.position,
    at: content.at,
    arrivedAt: message.arrivedAt,
    ...(text === undefined ? {} : { text }),
    ...(file !== undefined && {
      file: {
        name: file.name,
        type: file.type,
        size: file.size,
        here: about.here === true,
        ...(picture === undefined ? {} : { picture }),
      },
    }),
    ...(content.inReplyTo === undefined ? {} : { replyTo: content.inReplyTo }),
    edited: message.marks?.edited !== undefined && !deleted,
    deleted,
    reactions: (message.marks?.reactions ?? []).flatMap(({ from, text: word }) =>
      word === '' ? [] : [{ from, text: word }],
    ),
    newer: part.kind === 'unknown',
    status: about.status,
    ...(about.because === undefined ? {} : { because: about.because }),
  };
}
