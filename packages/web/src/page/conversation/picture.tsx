import { useComputed } from '@preact/signals';
import type { FileView, MessageView } from '@tern/core';
import { ImageDown, RotateCcw } from 'lucide';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Icon } from '../parts/icon.tsx';
import { size, t } from '../words/words.ts';
import { loadsByItself } from './frugality.ts';
import { shelfOf } from './picture-shelf.ts';
import { usePlaceholder } from './placeholder.ts';
import { isLeaving, Ring, Sending } from './ring.tsx';
import { plainName } from './saving.ts';
import { useTalk } from './talk.ts';

export interface PictureProps {
  readonly message: MessageView;
  readonly file: FileView;
  readonly picture: NonNullable<FileView['picture']>;
}

/** What is in a picture's place: the picture, or what stands in for it and the way to it. */
export function Picture({ message, file, picture }: PictureProps): VNode {
  const app = useApp();
  const { state } = app;
  const talk = useTalk();
  const shelf = shelfOf(app, talk);
  const { id } = message;
  const shown = shelf.picture(id).value;
  const placeholder = usePlaceholder(picture);
  const transfer = state.transfers.value.get(id);
  const request = talk.summary.value?.request === true;
  const online = useComputed(
    () => state.connections.value?.paths.some((path) => path.state === 'online') === true,
  ).value;
  useEffect(() => {
    const isDue =
      shown.kind === 'failed'
        ? // it was wanted, and now there is a way again
          online && shown.because === 'unreachable'
        : shown.kind === 'away' && loadsByItself(file, state.connections.peek());
    if (isDue && !request) shelf.load(id);
  }, [file.here, request, online]);
  const name = plainName(file.name);
  return (
    <>
      {placeholder !== undefined && <img class="picture-under" src={placeholder} alt="" />}
      {shown.kind === 'here' ? (
        <button
          type="button"
          class="picture-open"
          aria-label={t('conversation.openPicture', { name })}
          onClick={() => talk.openViewer(id)}
        >
          <img src={shown.url} alt="" decoding="async" />
        </button>
      ) : shown.kind === 'loading' ? (
        <Ring
          label={t('conversation.loading', { name })}
          transfer={transfer}
          stop={t('conversation.stopLoading')}
          onStop={() => shelf.stop(id)}
        />
      ) : (
        <button type="button" class="picture-load" onClick={() => shelf.load(id)}>
          <Icon node={shown.kind === 'failed' ? RotateCcw : ImageDown} />
          <span>
            {shown.kind === 'failed'
              ? t(shown.because === 'unsafe' ? 'conversation.notShowable' : 'conversation.loadFailed')
              : t('conversation.loadPicture', { size: size(file.size) })}
          </span>
        </button>
      )}
      {isLeaving(message, transfer) && <Sending message={message} name={name} />}
    </>
  );
}
