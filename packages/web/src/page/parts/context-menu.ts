import type { HTMLAttributes } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Spot } from './spot.ts';

type Handlers = Pick<
  HTMLAttributes<HTMLElement>,
  'onContextMenu' | 'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel' | 'onClickCapture'
>;

const longPressMs = 480;
const stillWithinPx = 10;

/**
 * Opens a menu by the right button, the menu key, Shift+F10, and a long press: iOS tells a page nothing of the latter, so a
 * finger that stays is timed here.
 */
export function useContextMenu(open: (at: Spot) => void): Handlers {
  const latest = useRef(open);
  latest.current = open;
  return useMemo(() => {
    let pressing: ReturnType<typeof setTimeout> | undefined;
    let start: Spot = { x: 0, y: 0 };
    let pressed = false;
    const stop = (): void => clearTimeout(pressing);
    return {
      onContextMenu(event) {
        // a selected text and a link keep the browser's own menu
        const { target } = event;
        if (target instanceof Element && target.closest('a, textarea, input') !== null) return;
        stop();
        event.preventDefault();
        const box = event.currentTarget.getBoundingClientRect();
        const byKey = event.clientX === 0 && event.clientY === 0;
        latest.current(
          byKey ? { x: box.left + 24, y: box.top + 24 } : { x: event.clientX, y: event.clientY },
        );
      },
      onPointerDown(event) {
        pressed = false;
        stop();
        if (event.pointerType !== 'touch') return;
        start = { x: event.clientX, y: event.clientY };
        pressing = setTimeout(() => {
          pressed = true;
          latest.current(start);
        }, longPressMs);
      },
      onPointerMove(event) {
        if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > stillWithinPx) stop();
      },
      onPointerUp: stop,
      onPointerCancel: stop,
      onClickCapture(event) {
        // the finger that opened the menu does not also open what lies below it
        if (pressed) event.stopPropagation();
        if (pressed) event.preventDefault();
        pressed = false;
      },
    };
  }, []);
}
