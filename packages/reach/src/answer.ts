import {
  MalformedError,
  ResponseDecoder,
  ResponseReader,
  UnreachableError,
  type ExchangeSecret,
  type Primitives,
  type ResponseHeader,
  type ResponseItem,
  type ResponseKeys,
} from '@tern/protocol';

/** What came back for one request. */
export type Answer =
  | { readonly kind: 'card'; readonly card: Uint8Array }
  | { readonly kind: 'unknown-ticket' }
  | {
      readonly kind: 'sealed';
      readonly header: ResponseHeader;
      /** our own clock when the header could be read */
      readonly headerAt: number;
      readonly keys: ResponseKeys;
      readonly items: readonly ResponseItem[];
      /** false when the answer was cut or damaged: the items are those before that place */
      readonly whole: boolean;
    };

/**
 * Reads an answer as it arrives and stops where it is complete, whatever the stream says (rule 5).
 * Bytes that nobody has authenticated are the network's doing; what a relay has sealed is the relay's.
 * @param exchange what the request left that is being answered, asked when something came; undefined for an empty request
 * @throws {UnreachableError} when nothing usable came
 * @throws {MalformedError} when the relay itself sealed nonsense
 */
export async function readAnswer(
  pieces: AsyncIterable<Uint8Array>,
  options: {
    readonly primitives: Primitives;
    readonly exchange: () => ExchangeSecret | undefined;
    readonly now: () => number;
  },
): Promise<Answer> {
  let reader: ResponseReader | undefined;
  const decoder = new ResponseDecoder();
  const items: ResponseItem[] = [];
  let headerAt: number | undefined;
  let cut: UnreachableError | undefined;
  try {
    for await (const piece of pieces) {
      reader ??= new ResponseReader(options.primitives, options.exchange());
      const plaintext = readable(reader, piece);
      items.push(...decoder.push(plaintext));
      if (decoder.header !== undefined) headerAt ??= options.now();
      if (reader.complete) break;
    }
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    cut = error;
  }
  const head = reader?.head;
  if (
    reader !== undefined &&
    head?.kind === 'sealed' &&
    decoder.header !== undefined &&
    headerAt !== undefined
  ) {
    const whole = reader.complete && decoder.whole;
    return { kind: 'sealed', header: decoder.header, headerAt, keys: head.keys, items, whole };
  }
  if (head?.kind === 'unknown-ticket') return head;
  if (head?.kind === 'card' && cut === undefined) return head;
  throw cut ?? new UnreachableError('the answer ended before it said anything', { code: 'cut' });
}

function readable(reader: ResponseReader, piece: Uint8Array): Uint8Array {
  try {
    return reader.push(piece);
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new UnreachableError('what answered is no relay, or the answer was damaged', {
      code: 'not-a-relay',
      cause,
    });
  }
}
