/** Moves through the rows of the list by arrows, Home and End; from the search field Down enters it. */
export function moveInList(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const { currentTarget, target, key } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || !(target instanceof HTMLElement)) return;
  const inSearch = target.id === 'search';
  if (!inSearch && target.closest('.list-scroll') === null) return;
  const rows = [...currentTarget.querySelectorAll<HTMLElement>('.list-scroll button')];
  const next = nextRow(rows, { key, inSearch, at: rows.indexOf(target) });
  if (next === undefined) return;
  event.preventDefault();
  if (next === 'search') currentTarget.querySelector<HTMLElement>('#search')?.focus();
  else next.focus();
}

function nextRow(
  rows: readonly HTMLElement[],
  { key, inSearch, at }: { readonly key: string; readonly inSearch: boolean; readonly at: number },
): HTMLElement | 'search' | undefined {
  if (key === 'ArrowDown') return inSearch ? rows[0] : rows[at + 1];
  if (inSearch) return undefined;
  if (key === 'ArrowUp') return at === 0 ? 'search' : rows[at - 1];
  if (key === 'Home') return rows[0];
  if (key === 'End') return rows.at(-1);
  return undefined;
}
