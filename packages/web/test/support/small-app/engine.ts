/** Of no regularity, so that it takes several pieces. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCodePoint(33 + (state % 90));
  }).join('');
}

postMessage(`engine of ${noise(3)}`);
