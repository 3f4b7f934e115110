import { dispositions, RefusedError, type ConversationId, type MessageId } from '@tern/protocol';
import type { Engine } from './engine.ts';
import { readFile } from './file-download.ts';
import { fileOf, pictureOf, textOf } from './file-parts.ts';
import { messageById } from './message-store.ts';
import { sendFile, sendText } from './talk.ts';

/**
 * Says a text again in other conversations, or sends a file again, with its caption. A file is sealed anew for each: under the same key and
 * ids its pieces would tell relays that two conversations share something.
 */
export async function forwardMessage(
  engine: Engine,
  id: MessageId,
  to: { readonly conversations: readonly ConversationId[]; readonly signal: AbortSignal },
): Promise<void> {
  const message = await engine.store.read((view) => messageById(view, id));
  const part = message?.content.part;
  if (message === undefined || part === undefined || message.marks?.hidden === true)
    throw new RefusedError('no-such-message', 'there is no such message');
  const file = fileOf(part);
  const text = textOf(part);
  const picture = pictureOf(part);
  for (const conversation of new Set(to.conversations)) {
    to.signal.throwIfAborted();
    if (file !== undefined) {
      await sendFile(engine, {
        conversation,
        file: { ...file, content: readFile(engine, id, to) },
        signal: to.signal,
        ...(text === undefined ? {} : { caption: text }),
        ...(picture === undefined ? {} : { picture }),
      });
    } else if (text !== undefined && part.disposition === dispositions.render) {
      await sendText(engine, { conversation, text });
    } else {
      throw new RefusedError('not-forwardable', 'there is nothing in this message to send again');
    }
  }
}
