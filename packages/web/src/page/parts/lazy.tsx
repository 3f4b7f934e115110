import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { laterWords, t } from '../words/index.ts';
import { Button } from './button.tsx';
import { Spinner } from './pieces.tsx';

/** A component whose code and words are fetched when it is first shown: the first screen must pass a path that lets little through. */
export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loading: Promise<readonly [FunctionComponent<P>, void]> | undefined;
  let loaded: FunctionComponent<P> | undefined;
  return function Lazy(props: P): VNode {
    const [, setTries] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded !== undefined || failed) return;
      loading ??= Promise.all([load(), laterWords()]);
      loading.then(
        ([component]) => {
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
