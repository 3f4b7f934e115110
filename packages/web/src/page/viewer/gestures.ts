import type { Signal } from '@preact/signals';
import { moved, resting, scaled, type View } from './view.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

const swipePx = 60;
const doubleTapZoom = 2.5;
const wheelStep = 0.0022;

/** Wheel, double press, drag and pinch change how a picture is looked at; a swipe of a picture at rest goes to the next one. */
export function followGestures(
  stage: HTMLElement,
  to: {
    readonly view: Signal<View>;
    /** +1 to the next, -1 to the one before */
    readonly onSwipe: (by: number) => void;
    readonly signal: AbortSignal;
  },
): void {
  const { view, signal } = to;
  const fingers = new Map<number, Point>();
  let start: Point | undefined;

  const fromMiddle = ({ x, y }: Point): Point => {
    const box = stage.getBoundingClientRect();
    return { x: x - box.left - box.width / 2, y: y - box.top - box.height / 2 };
  };

  stage.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      view.value = scaled(view.peek(), Math.exp(-event.deltaY * wheelStep), fromMiddle(event));
    },
    { signal, passive: false },
  );
  stage.addEventListener(
    'dblclick',
    (event) => {
      view.value = view.peek().scale > 1 ? resting : scaled(view.peek(), doubleTapZoom, fromMiddle(event));
    },
    { signal },
  );
  stage.addEventListener(
    'pointerdown',
    (event) => {
      stage.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      start = fingers.size === 1 ? { x: event.clientX, y: event.clientY } : undefined;
    },
    { signal },
  );
  stage.addEventListener(
    'pointermove',
    (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      fingers.set(event.pointerId, now);
      if (other === undefined) view.value = moved(view.peek(), { x: now.x - before.x, y: now.y - before.y });
      else {
        const by = distance(now, other) / Math.max(1, distance(before, other));
        view.value = scaled(view.peek(), by, fromMiddle(middle(now, other)));
      }
    },
    { signal },
  );
  const lift = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (start === undefined || view.peek().scale > 1) return;
    const across = event.clientX - start.x;
    const down = event.clientY - start.y;
    start = undefined;
    if (Math.abs(across) < swipePx || Math.abs(across) < Math.abs(down)) return;
    const rtl = getComputedStyle(stage).direction === 'rtl';
    to.onSwipe(across < 0 === rtl ? -1 : 1);
  };
  stage.addEventListener('pointerup', lift, { signal });
  stage.addEventListener('pointercancel', ({ pointerId }) => fingers.delete(pointerId), { signal });
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
