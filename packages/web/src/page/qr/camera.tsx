import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { Button } from '../parts/button.tsx';
import { Spinner } from '../parts/pieces.tsx';
import { t, type PlainWordKey } from '../words/words.ts';
import { openCodeReader } from './read-code.ts';

/** Between two looks at the picture: short enough to feel at once, long enough to leave a slow phone some breath. */
const pauseMs = 120;

type Sight = 'opening' | 'looking' | 'refused' | 'none' | 'busy';

const troubles: Readonly<Record<Exclude<Sight, 'opening' | 'looking'>, PlainWordKey>> = {
  refused: 'link.cameraRefused',
  none: 'link.cameraNone',
  busy: 'link.cameraBusy',
};

export interface CameraProps {
  /** the first code that is seen; the camera is off by then */
  readonly onCode: (text: string) => void;
  readonly onStop: () => void;
}

/** Looks through the camera for a QR code until it sees one or is taken away. No picture leaves the page. */
export function Camera({ onCode, onStop }: CameraProps): VNode {
  const video = useRef<HTMLVideoElement>(null);
  const [sight, setSight] = useState<Sight>('opening');
  useEffect(() => {
    const ending = new AbortController();
    void watch(video, ending.signal, () => setSight('looking')).then(
      (text) => text !== undefined && onCode(text),
      (error: unknown) => !ending.signal.aborted && setSight(sightOf(error)),
    );
    return () => ending.abort();
  }, []);
  if (sight !== 'opening' && sight !== 'looking')
    return (
      <div class="camera-trouble" role="alert">
        <p>{t(troubles[sight])}</p>
        <Button onClick={onStop}>{t('common.close')}</Button>
      </div>
    );
  return (
    <div class="camera">
      <div class="camera-view">
        <video ref={video} playsInline muted aria-label={t('link.cameraPicture')} />
        {sight === 'opening' && <Spinner label={t('common.waiting')} />}
      </div>
      <p class="note">{t('link.aim')}</p>
      <Button onClick={onStop} autofocus>
        {t('link.stopCamera')}
      </Button>
    </div>
  );
}

/** Whether there is a camera at all; whether it may be used is asked when it is. */
export async function hasCamera(): Promise<boolean> {
  const { mediaDevices } = globalThis.navigator as { readonly mediaDevices?: MediaDevices };
  if (mediaDevices === undefined) return false;
  try {
    return (await mediaDevices.enumerateDevices()).some(({ kind }) => kind === 'videoinput');
  } catch {
    return false;
  }
}

async function watch(
  place: { readonly current: HTMLVideoElement | null },
  signal: AbortSignal,
  onOpen: () => void,
): Promise<string | undefined> {
  // the reader first: it may fail to come, and a camera must not stay on for nothing
  const reader = await openCodeReader();
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
  };
  // whatever is waited for below, the camera is off in the moment in which it is left
  signal.addEventListener('abort', stop, { once: true });
  try {
    const video = place.current;
    if (video === null || signal.aborted) return undefined;
    video.srcObject = stream;
    await video.play();
    onOpen();
    while (!signal.aborted) {
      const text = await reader.read(video);
      if (text !== undefined && text !== '' && !signal.aborted) return text;
      await new Promise((settle) => setTimeout(settle, pauseMs));
    }
    return undefined;
  } finally {
    stop();
  }
}

function sightOf(error: unknown): Sight {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'none' : 'busy';
}
