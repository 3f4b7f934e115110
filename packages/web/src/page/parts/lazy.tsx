import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { loadStyle } from '../../shell/handover.ts';
import { laterWords, t } from '../words/words.ts';
import { Button } from './button.tsx';
import { Spinner } from './pieces.tsx';

/** A component whose code is fetched when it is first shown: the first screen must pass a path that lets little through. */
export function lazy<P extends object>(
  load: () => Promise<FunctionComponent<P>>,
  whileWaiting: 'spinner' | 'nothing' = 'spinner',
): FunctionComponent<P> {
  let loading: Promise<FunctionComponent<P>> | undefined;
  let loaded: FunctionComponent<P> | undefined;
  return function Lazy(props: P): VNode | null {
    const [, setTries] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded !== undefined || failed) return;
      loading ??= load();
      loading.then(
        (component) => {
          loaded = component;
          setTries((tries) => tries + 1);
        },
        () => {
          loading = undefined;
          setFailed(true);
        },
      );
    }, [failed]);
    const Loaded = loaded;
    if (Loaded !== undefined) return <Loaded {...props} />;
    if (whileWaiting === 'nothing') return null;
    if (failed)
      return (
        <div class="empty">
          <p>{t('list.loadFailed')}</p>
          <Button onClick={() => setFailed(false)}>{t('common.tryAgain')}</Button>
        </div>
      );
    return <Spinner label={t('common.waiting')} />;
  };
}

/** As {@link lazy}, for what needs the words and the looks that the first screen does without. */
export function later<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  return lazy(async () => {
    const [component] = await Promise.all([load(), laterWords(), loadStyle('later')]);
    return component;
  });
}

/** As {@link lazy}, for what adds to a screen that is there already: shows nothing until it has come, and asks again when it is next shown. */
export function extra<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  return lazy(async () => {
    const [component] = await Promise.all([load(), loadStyle('later')]);
    return component;
  }, 'nothing');
}
