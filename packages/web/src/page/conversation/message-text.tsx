import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { size, t } from '../words/words.ts';
import { linked } from './links.ts';

/** More than this is shown on demand. */
const shownAtOnce = 3000;
/** Long texts are laid out in blocks, those out of sight not at all. */
const blockLength = 8000;
const mostLinks = 200;
const emojiOnly = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** What somebody wrote: as text, never as markup, each message in its own direction. */
export function MessageText(props: {
  readonly text: string;
  /** stands in the last line where there is room */
  readonly tail: ComponentChildren;
}): VNode {
  const { text, tail } = props;
  const [whole, setWhole] = useState(false);
  if (text.length <= shownAtOnce)
    return (
      <div class={text.length <= 40 && emojiOnly.test(text) ? 'text only-emoji' : 'text'} dir="auto">
        {withLinks(text)}
        {tail}
      </div>
    );
  return (
    <div class="text" dir="auto">
      {whole
        ? blocksOf(text).map((block, at) => (
            <span key={at} class="text-block">
              {text.length > blockLength * 4 ? block : withLinks(block)}
            </span>
          ))
        : [withLinks(text.slice(0, shownAtOnce)), '…']}
      <button type="button" class="link-button show-all" onClick={() => setWhole(!whole)}>
        {whole ? t('conversation.showLess') : t('conversation.showAll', { size: size(text.length) })}
      </button>
      {tail}
    </div>
  );
}

function withLinks(text: string): ComponentChildren {
  if (!text.includes('://')) return text;
  return linked(text, mostLinks).map((part, at) =>
    part.href === undefined ? (
      part.text
    ) : (
      <a key={at} href={part.href} target="_blank" rel="noopener noreferrer" dir="ltr">
        {part.text}
      </a>
    ),
  );
}

/** Cut at an end of line where there is one, else anywhere but within a character. */
function blocksOf(text: string): readonly string[] {
  const blocks: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + blockLength);
    const line = text.lastIndexOf('\n', to);
    if (to < text.length && line > from) to = line + 1;
    else if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to += 1;
    blocks.push(text.slice(from, to));
    from = to;
  }
  return blocks;
}
