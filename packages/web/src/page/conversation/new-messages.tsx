import type { ReadonlySignal } from '@preact/signals';
import type { WindowLine } from '@tern/core';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { excerptOf } from './message.tsx';
import { useTalk } from './talk.ts';

const mostAtOnce = 3;

/** Says what arrives to who does not see it: only what comes at the end, while the conversation is open, and politely. */
export function NewMessages({ lines }: { readonly lines: ReadonlySignal<readonly WindowLine[]> }): VNode {
  const talk = useTalk();
  const lastPosition = useRef<number>(undefined);
  const [said, setSaid] = useState<readonly { readonly key: string; readonly text: string }[]>([]);
  useEffect(
    () =>
      lines.subscribe((all) => {
        const before = lastPosition.current;
        const last = all.findLast((line) => line.kind === 'message');
        if (last?.kind !== 'message') return;
        lastPosition.current = Math.max(before ?? 0, last.position);
        if (before === undefined) return;
        const fresh = all
          .slice(-mostAtOnce)
          .flatMap((line) =>
            line.kind === 'message' && !line.fromMe && line.position > before
              ? [{ key: line.key, text: `${talk.nameOf(line.from)}: ${excerptOf(line)}` }]
              : [],
          );
        if (fresh.length > 0) setSaid(fresh);
      }),
    [],
  );
  return (
    <div class="for-readers" role="log" aria-live="polite">
      {said.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}
