import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { forgetLink, leaveShell, onLink, rememberLook, shellHandover } from '../shell/handover.ts';
import type { App } from './context.ts';

/** Takes the first page away in the same moment in which this is there. */
export function ShellLeft(): null {
  useLayoutEffect(() => {
    if (document.getElementById('shell') !== null) leaveShell();
  }, []);
  return null;
}

/** A screen that may be the first one to be seen. */
export function arriving<P extends object>(Screen: FunctionComponent<P>): FunctionComponent<P> {
  return function Arriving(props: P): VNode {
    return (
      <>
        <Screen {...props} />
        <ShellLeft />
      </>
    );
  };
}

/** A link that somebody who lives here has opened is looked at, now and later; and the first page learns that somebody does. */
export function useLinks({ nav }: App): void {
  useEffect(() => {
    rememberLook({ home: true });
    const show = (text: string): void => {
      nav.go({ kind: 'link', text });
      forgetLink();
    };
    const { link } = shellHandover();
    if (link !== undefined) show(link);
    return onLink(show);
  }, []);
}
