import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FrameReader, frameHeader } from '../src/hosts/frames.ts';

test('frames come out as they went in, wherever the stream is cut', () => {
  const frame = fc.record({ host: fc.nat({ max: 0xffff }), bytes: fc.uint8Array({ maxLength: 300 }) });
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), cuts, (frames, lengths) => {
      const stream = Buffer.concat(frames.flatMap((one) => [frameHeader(one), one.bytes]));
      const reader = new FrameReader();
      const read: { readonly host: number; readonly bytes: Uint8Array }[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1;
        for (const { host, bytes } of reader.read(stream.subarray(at, at + length))) {
          read.push({ host, bytes: new Uint8Array(bytes) });
        }
        at += length;
      }
      expect(read).toEqual(frames.map(({ host, bytes }) => ({ host, bytes: new Uint8Array(bytes) })));
    }),
  );
});
