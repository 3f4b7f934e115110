import { File as FileIcon, X } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import type { OpenTalk } from '../conversation/open-talk.ts';
import { plainName } from '../conversation/saving.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { Sheet } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { fileToSend } from '../pictures.ts';
import { size, t } from '../words/words.ts';

/** 4,096 chunks of 256 KiB, less what sealing adds. */
const largestFileBytes = 1_000_000_000;
const shownTypes: readonly string[] = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'];

/** Files before they are sent: how they look, what is said with them, and how much of a photo goes along. */
export function SendDialog(props: {
  readonly talk: OpenTalk;
  readonly files: readonly File[];
  readonly onClose: () => void;
}): VNode {
  const { talk, onClose } = props;
  const { api, announcer } = useApp();
  const [files, setFiles] = useState(props.files);
  const [caption, setCaption] = useState('');
  const [original, setOriginal] = useState(false);
  const [sending, setSending] = useState<AbortController>();
  useEffect(() => setFiles(props.files), [props.files]);
  const hasPictures = files.some(({ type }) => type.startsWith('image/'));
  const tooLarge = files.some((file) => file.size > largestFileBytes);

  const send = async (signal: AbortSignal): Promise<void> => {
    const aim = talk.aim.peek();
    const replyTo = aim.kind === 'reply' ? aim.to.id : undefined;
    for (const [at, file] of files.entries()) {
      try {
        const made = await fileToSend(file, { original });
        signal.throwIfAborted();
        // what is said stands with the first, and so does the answer
        const extra =
          at > 0
            ? {}
            : { ...(caption.trim() !== '' && { caption }), ...(replyTo !== undefined && { replyTo }) };
        await api.sendFile(talk.id, { ...made, ...extra }, { signal });
      } catch (error) {
        if (signal.aborted) return;
        announcer.show({ text: t('send.failed', { name: plainName(file.name) }) });
        throw error;
      }
    }
    talk.setAim({ kind: 'new' });
  };
  const start = (): void => {
    const controller = new AbortController();
    setSending(controller);
    send(controller.signal)
      .then(onClose, () => undefined) // what failed was said, and stays to be tried again
      .finally(() => setSending(undefined));
  };
  const close = (): void => {
    sending?.abort(new DOMException('a person stopped it', 'AbortError'));
    onClose();
  };
  return (
    <Sheet
      title={t('send.title', { count: files.length })}
      onClose={close}
      actions={
        <>
          <Button onClick={close}>{t('common.cancel')}</Button>
          <Button
            kind="primary"
            busy={sending !== undefined}
            disabled={tooLarge || files.length === 0}
            onClick={start}
          >
            {sending === undefined ? t('send.send') : t('send.preparing')}
          </Button>
        </>
      }
    >
      <ul class="send-files">
        {files.map((file, at) => (
          <li key={`${file.name} ${file.size} ${at}`} class="send-file">
            <Preview file={file} />
            <span class="send-text">
              <bdi>{plainName(file.name)}</bdi>
              <span class={file.size > largestFileBytes ? 'note error' : 'note'}>
                {file.size > largestFileBytes
                  ? t('send.tooLarge', { size: size(largestFileBytes) })
                  : size(file.size)}
              </span>
            </span>
            {files.length > 1 && (
              <IconButton
                label={t('send.remove', { name: plainName(file.name) })}
                icon={X}
                onClick={() => setFiles(files.filter((other) => other !== file))}
              />
            )}
          </li>
        ))}
      </ul>
      {hasPictures && (
        <label class="check">
          <input
            type="checkbox"
            checked={original}
            onChange={(event) => setOriginal(event.currentTarget.checked)}
          />
          <span>
            {t('send.original')}
            <span class="note">{original ? t('send.originalWhy') : t('send.compressedWhy')}</span>
          </span>
        </label>
      )}
      <textarea
        class="input"
        rows={2}
        dir="auto"
        autofocus
        aria-label={t('send.caption')}
        placeholder={t('send.caption')}
        value={caption}
        onInput={(event) => setCaption(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          if (sending === undefined && !tooLarge) start();
        }}
      />
    </Sheet>
  );
}

/** One's own picture as it is; anything that is no plain picture by its icon. */
function Preview({ file }: { readonly file: File }): VNode {
  const url = useMemo(() => (shownTypes.includes(file.type) ? URL.createObjectURL(file) : undefined), [file]);
  useEffect(() => () => (url === undefined ? undefined : URL.revokeObjectURL(url)), [url]);
  return (
    <span class="send-preview">
      {url === undefined ? <Icon node={FileIcon} /> : <img src={url} alt="" />}
    </span>
  );
}
