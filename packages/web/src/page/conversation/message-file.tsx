import type { FileView, MessageView } from '@tern/core';
import { Download, File, ImageDown, RotateCcw } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Icon } from '../parts/icon.tsx';
import { size, t } from '../words/index.ts';
import { loadsByItself } from './frugality.ts';
import { Ring } from './ring.tsx';
import { plainName, saveFile } from './saving.ts';
import { useTalk } from './talk.ts';
import { usePlaceholder } from './placeholder.ts';

/** A picture in its place from the first moment, or a file by its name. */
export function MessageFile({
  message,
  file,
}: {
  readonly message: MessageView;
  readonly file: FileView;
}): VNode {
  return file.picture === undefined ? (
    <FileCard message={message} file={file} />
  ) : (
    <Picture message={message} file={file} picture={file.picture} />
  );
}

const widest = 336;
const highest = 400;

interface PictureProps {
  readonly message: MessageView;
  readonly file: FileView;
  readonly picture: NonNullable<FileView['picture']>;
}

function Picture({ message, file, picture }: PictureProps): VNode {
  const { state } = useApp();
  const talk = useTalk();
  const { id } = message;
  const shown = talk.pictures.picture(id).value;
  const placeholder = usePlaceholder(picture);
  const transfer = state.transfers.value.get(id);
  const box = useMemo(() => boxOf(picture), [picture]);
  const request = talk.summary.value?.request === true;
  useEffect(() => {
    if (shown.kind === 'away' && !request && loadsByItself(file, state.connections.peek()))
      talk.pictures.load(id);
  }, [file.here, request]);
  const name = plainName(file.name);
  return (
    <div
      class="picture"
      style={{ inlineSize: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` }}
    >
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
          onStop={() => talk.pictures.stop(id)}
        />
      ) : (
        <button type="button" class="picture-load" onClick={() => talk.pictures.load(id)}>
          <Icon node={shown.kind === 'failed' ? RotateCcw : ImageDown} />
          <span>
            {shown.kind === 'failed'
              ? t(shown.because === 'unsafe' ? 'conversation.notShowable' : 'conversation.loadFailed')
              : t('conversation.loadPicture', { size: size(file.size) })}
          </span>
        </button>
      )}
      {message.fromMe && transfer?.direction === 'up' && <Sending message={message} name={name} />}
    </div>
  );
}

/** Within the bubble, in the picture's own proportions unless they are absurd: what a sender says is not believed blindly. */
function boxOf({ width, height }: PictureProps['picture']): {
  readonly width: number;
  readonly height: number;
} {
  const ratio = Math.min(3, Math.max(0.4, width > 0 && height > 0 ? width / height : 1));
  const wide = Math.min(widest, highest * ratio, Math.max(160, width));
  return { width: Math.round(wide), height: Math.round(wide / ratio) };
}

function Sending({ message, name }: { readonly message: MessageView; readonly name: string }): VNode {
  const { api, state } = useApp();
  const talk = useTalk();
  return (
    <Ring
      label={t('conversation.sending', { name })}
      transfer={state.transfers.value.get(message.id)}
      stop={t('conversation.stopSending')}
      onStop={() => talk.attempt(() => api.cancel(message.id))}
    />
  );
}

function FileCard({ message, file }: { readonly message: MessageView; readonly file: FileView }): VNode {
  const { api, state } = useApp();
  const talk = useTalk();
  const [saving, setSaving] = useState(false);
  const stopping = useRef<AbortController>(undefined);
  const transfer = state.transfers.value.get(message.id);
  const name = plainName(file.name);
  useEffect(() => () => stopping.current?.abort(), []);
  const save = (): void => {
    const controller = new AbortController();
    stopping.current = controller;
    setSaving(true);
    talk.attempt(async () => {
      try {
        await saveFile(api, message, controller.signal);
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      } finally {
        setSaving(false);
      }
    });
  };
  const up = message.fromMe && transfer?.direction === 'up';
  return (
    <div class="file">
      {up ? (
        <Sending message={message} name={name} />
      ) : saving ? (
        <Ring
          label={t('conversation.loading', { name })}
          transfer={transfer}
          stop={t('conversation.stopLoading')}
          onStop={() => stopping.current?.abort()}
        />
      ) : (
        <button
          type="button"
          class="file-save"
          aria-label={t('conversation.saveNamed', { name, size: size(file.size) })}
          onClick={save}
        >
          <Icon node={file.here ? File : Download} />
        </button>
      )}
      <span class="file-text">
        <bdi class="file-name">{name}</bdi>
        <span class="file-size">
          {transfer === undefined ? size(file.size) : `${size(transfer.done)} / ${size(transfer.total)}`}
        </span>
      </span>
    </div>
  );
}
