import { signal, type ReadonlySignal } from '@preact/signals';
import type { ConversationId, MessageId, PersonId } from '@tern/protocol';

/** Where a person is. Kept in the history's state and never in its URL: a URL is seen, shared and synchronised. */
export type Route =
  | {
      readonly kind: 'list';
      /** what was put away, where the list is all that is seen; it is a step of its own, so that Back leads out of it */
      readonly archive?: boolean;
    }
  | {
      readonly kind: 'conversation';
      readonly id: ConversationId;
      /** jump here */
      readonly at?: { readonly message: MessageId; readonly position: number };
    }
  | { readonly kind: 'contact'; readonly person: PersonId }
  | { readonly kind: 'invite' }
  /** a relay link or an invitation to look at; without `text` it is asked for (paste or scan) */
  | { readonly kind: 'link'; readonly text?: string }
  | { readonly kind: 'settings'; readonly section?: string }
  | { readonly kind: 'connection' };

export interface Navigation {
  readonly route: ReadonlySignal<Route>;
  /** A step that Back takes back; from one place beside the list to another it replaces, so that Back leads to the list. */
  go(route: Route): void;
  /** Into the place that is open, such as from a conversation to its contact: Back returns. */
  deeper(route: Route): void;
  replace(route: Route): void;
  back(): void;
}

interface Step {
  readonly route: Route;
  readonly depth: number;
}

/** Follows the browser's history, so that the Back of a phone works. Ends by the signal. */
export function openNavigation(window: Window, ending: AbortSignal): Navigation {
  const { history } = window;
  const first: Step = { route: { kind: 'list' }, depth: 0 };
  // after a reload the browser still knows where this tab was
  const step = signal<Step>(isStep(history.state) ? history.state : first);
  const route = signal<Route>(step.peek().route);
  /** where to go once the browser has gone back so far */
  let next: Route | undefined;

  function settle(to: Step, how: 'pushState' | 'replaceState'): void {
    history[how]({ ...to, route: keepable(to.route) }, '');
    step.value = to;
    route.value = to.route;
  }

  settle(step.peek(), 'replaceState');
  window.addEventListener(
    'popstate',
    ({ state }: PopStateEvent) => {
      const to = isStep(state) ? state : first;
      const wanted = next;
      next = undefined;
      if (wanted !== undefined) return settle({ route: wanted, depth: to.depth }, 'replaceState');
      step.value = to;
      route.value = to.route;
    },
    { signal: ending },
  );

  const deeper = (to: Route): void => settle({ route: to, depth: step.peek().depth + 1 }, 'pushState');
  const replace = (to: Route): void => settle({ route: to, depth: step.peek().depth }, 'replaceState');
  return {
    route,
    deeper,
    replace,
    go(to) {
      const { depth } = step.peek();
      if (depth === 0) return deeper(to);
      if (to.kind === 'list') return history.go(-depth);
      if (depth === 1) return replace(to);
      // what was gone into deeper is left behind, or Back would lead through it again
      next = to;
      history.go(1 - depth);
    },
    back() {
      if (step.peek().depth > 0) history.back();
      else replace({ kind: 'list' });
    },
  };
}

/** Browsers write the history to disk, where the secret of a link has no business: after a reload it is asked for again. */
function keepable(route: Route): Route {
  return route.kind === 'link' ? { kind: 'link' } : route;
}

function isStep(state: unknown): state is Step {
  return typeof state === 'object' && state !== null && 'route' in state && 'depth' in state;
}
