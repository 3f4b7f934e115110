/** Links that this tab was opened with: their secret leaves the address bar before anything else happens. */
export interface LinkBox {
  /** whole; until {@link LinkBox.forget} also after a reload of this tab */
  link(): string | undefined;
  forget(): void;
  /** @returns what ends it */
  onLink(listener: (link: string) => void): () => void;
}

const kept = 'tern.link';
const mostCharacters = 800;

export function openLinkBox(): LinkBox {
  const listeners = new Set<(link: string) => void>();
  let link = take() ?? read();
  if (link !== undefined) write(link);
  window.addEventListener('hashchange', () => {
    const next = take();
    if (next === undefined) return;
    link = next;
    write(next);
    for (const listener of listeners) listener(next);
  });
  return {
    link: () => link,
    forget() {
      link = undefined;
      write('');
    },
    onLink(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Only what can be a relay link or an invitation is taken; it never reaches a server, a history or a screenshot. */
function take(): string | undefined {
  const { hash, href, pathname } = location;
  if (hash === '') return undefined;
  history.replaceState(history.state, '', pathname);
  return /^#[ri][\w-]+$/u.test(hash) && href.length <= mostCharacters ? href : undefined;
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(kept) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(link: string): void {
  try {
    if (link === '') sessionStorage.removeItem(kept);
    else sessionStorage.setItem(kept, link);
  } catch {
    // a browser that keeps nothing for us forgets it at a reload
  }
}
