import type { IconNode } from 'lucide';
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';
import type { Spot } from './spot.ts';

export interface MenuItem {
  readonly label: string;
  readonly icon: IconNode;
  readonly onSelect: () => void;
  readonly danger?: boolean;
}

export interface MenuProps {
  readonly label: string;
  readonly at: Spot;
  readonly items: readonly MenuItem[];
  readonly onClose: () => void;
  /** stands above the items */
  readonly head?: ComponentChildren;
}

/**
 * A popover with the keys of a menu: arrows, Home, End, the first letter, Esc. Gives the focus back. It closes by itself and not by
 * the browser (`popover=auto`), which would take the button's or the finger's rise after opening it for a press elsewhere.
 */
export function Menu({ label, at, items, onClose, head }: MenuProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const before = document.activeElement;
    current.showPopover();
    place(current, at);
    current.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const ending = new AbortController();
    document.addEventListener(
      'pointerdown',
      ({ target }) => {
        if (!(target instanceof Node && current.contains(target))) onClose();
      },
      { signal: ending.signal, capture: true },
    );
    return () => {
      ending.abort();
      const within = current.contains(document.activeElement) || document.activeElement === document.body;
      if (within && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [at]);
  return (
    <div
      ref={box}
      class="menu"
      popover="manual"
      onKeyDown={(event) => {
        if (event.key === 'Escape' || event.key === 'Tab') {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        } else moveByKey(event, event.currentTarget);
      }}
    >
      {head}
      <div role="menu" aria-label={label}>
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={item.danger === true ? 'menu-item danger' : 'menu-item'}
            onClick={() => {
              onClose();
              item.onSelect();
            }}
          >
            <Icon node={item.icon} />
            <span>{item.label}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

const gap = 8;

function place(box: HTMLElement, at: MenuProps['at']): void {
  const { width, height } = box.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  box.style.left = `${Math.max(gap, Math.min(at.x, clientWidth - width - gap))}px`;
  box.style.top = `${Math.max(gap, at.y + height + gap > clientHeight ? Math.min(at.y, clientHeight) - height : at.y)}px`;
}

function moveByKey(event: KeyboardEvent, box: HTMLElement): void {
  // what stands above the items is reached from the first of them
  const items = [...box.querySelectorAll<HTMLElement>('button')];
  const now = items.indexOf(document.activeElement as HTMLElement);
  const next = nextByKey(event, items, now);
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

function nextByKey(
  event: KeyboardEvent,
  items: readonly HTMLElement[],
  now: number,
): HTMLElement | undefined {
  const current = items[now];
  const isAbove = current !== undefined && !isItem(current);
  if (event.key === 'ArrowDown' && isAbove) return items.find(isItem);
  if (event.key === 'ArrowDown') return items[(now + 1) % items.length];
  if (event.key === 'ArrowRight' && isAbove) return items.slice(now + 1).find((item) => !isItem(item));
  if (event.key === 'ArrowLeft' && !isAbove) return undefined;
  if (event.key === 'ArrowUp' || event.key === 'ArrowLeft') return items.at(now <= 0 ? -1 : now - 1);
  if (event.key === 'Home') return items.find(isItem);
  if (event.key === 'End') return items.at(-1);
  if (event.key.length !== 1 || event.target instanceof HTMLInputElement) return undefined;
  const letter = event.key.toLowerCase();
  const rest = [...items.slice(now + 1), ...items.slice(0, now + 1)];
  return rest.find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
}

function isItem(element: HTMLElement): boolean {
  return element.role === 'menuitem';
}
