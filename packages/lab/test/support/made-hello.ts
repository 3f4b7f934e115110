/** ClientHellos by hand, for readers of them. */

export type HelloPlan = {
  /** Undefined: no such extension. */
  readonly name?: string;
  readonly ciphers?: readonly number[];
  /** Further extensions, in this order, after name and protocols. */
  readonly extensions?: readonly (readonly [type: number, value: readonly number[]])[];
  readonly alpn?: readonly string[];
  readonly signatureAlgorithms?: readonly number[];
  /** Bytes of padding (RFC 7685) before the name, which push it into a later segment. */
  readonly paddingFirst?: number;
  /** The hello's handshake bytes are cut into records of so many. */
  readonly recordBytes?: number;
};

export function madeHello(plan: HelloPlan): Uint8Array {
  const extensions: (readonly [number, readonly number[]])[] = [];
  if (plan.paddingFirst !== undefined)
    extensions.push([21, Array.from({ length: plan.paddingFirst }, () => 0)]);
  if (plan.name !== undefined) {
    const name = textBytes(plan.name);
    extensions.push([0, sized(2, [0, ...sized(2, name)])]);
  }
  if (plan.alpn !== undefined)
    extensions.push([
      16,
      sized(
        2,
        plan.alpn.flatMap((one) => sized(1, textBytes(one))),
      ),
    ]);
  if (plan.signatureAlgorithms !== undefined) {
    extensions.push([13, sized(2, plan.signatureAlgorithms.flatMap(twoBytes))]);
  }
  extensions.push([43, sized(1, [3, 4])], ...(plan.extensions ?? []));
  const body = [
    3,
    3,
    ...Array.from({ length: 32 }, (_, place) => place),
    ...sized(1, []),
    ...sized(2, (plan.ciphers ?? [0x1301, 0x1302]).flatMap(twoBytes)),
    ...sized(1, [0]),
    ...sized(
      2,
      extensions.flatMap(([type, value]) => [...twoBytes(type), ...sized(2, value)]),
    ),
  ];
  const message = [1, ...sized(3, body)];
  const size = plan.recordBytes ?? message.length;
  const records: number[] = [];
  for (let place = 0; place < message.length; place += size) {
    records.push(22, 3, 1, ...sized(2, message.slice(place, place + size)));
  }
  return Uint8Array.from(records);
}

function textBytes(text: string): readonly number[] {
  return [...Buffer.from(text, 'latin1')];
}

function twoBytes(value: number): readonly number[] {
  return [value >> 8, value & 255];
}

function sized(width: 1 | 2 | 3, bytes: readonly number[]): readonly number[] {
  const { length } = bytes;
  return [...[length >> 16, (length >> 8) & 255, length & 255].slice(3 - width), ...bytes];
}
