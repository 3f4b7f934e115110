import type { FileView, MessageView } from '@tern/core';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { extra } from '../parts/lazy.tsx';

const FileCard = extra(async () => (await import('./extras.ts')).FileCard);
const Picture = extra(async () => (await import('./extras.ts')).Picture);

/** A picture's or a file's place, as large from the first moment as it will be. */
export function MessageFile(props: { readonly message: MessageView; readonly file: FileView }): VNode {
  const { picture } = props.file;
  const box = useMemo(() => (picture === undefined ? undefined : boxOf(picture)), [picture]);
  if (picture === undefined || box === undefined)
    return (
      <div class="file">
        <FileCard {...props} />
      </div>
    );
  return (
    <div
      class="picture"
      style={{ inlineSize: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` }}
    >
      <Picture {...props} picture={picture} />
    </div>
  );
}

const widest = 336;
const highest = 400;

/** Within the bubble, in the picture's own proportions unless they are absurd: what a sender says is not believed blindly. */
function boxOf({ width, height }: NonNullable<FileView['picture']>): {
  readonly width: number;
  readonly height: number;
} {
  const ratio = Math.min(3, Math.max(0.4, width > 0 && height > 0 ? width / height : 1));
  const wide = Math.min(widest, highest * ratio, Math.max(160, width));
  return { width: Math.round(wide), height: Math.round(wide / ratio) };
}
