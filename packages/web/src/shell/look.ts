/** How the first page looks the next time, before anything was read from the store. */
export interface RememberedLook {
  /** somebody lives in this browser: a quiet outline instead of the name field */
  readonly home?: boolean;
  readonly theme?: 'light' | 'dark' | 'system';
  /** `en`, `ru`, ...; `system` follows the browser */
  readonly language?: string;
}

/** Under the names by which the app keeps a person's preferences. */
const prefix = 'tern.';

export function isHome(): boolean {
  return readLook('home') !== '';
}

/** @returns `''` where nothing is remembered */
export function readLook(name: keyof RememberedLook): string {
  try {
    return localStorage.getItem(prefix + name) ?? '';
  } catch {
    return '';
  }
}

/** A browser that keeps nothing for us shows the first page as to a stranger. */
export function writeLook(look: RememberedLook): void {
  try {
    for (const [name, value] of Object.entries(look)) {
      if (value === false || value === undefined) localStorage.removeItem(prefix + name);
      else localStorage.setItem(prefix + name, String(value));
    }
  } catch {
    // it stays as it was
  }
}
