/** What the first page leaves for the app that it brought, and what the app goes on asking of the shell. The one door for screens. */
import { openAppShell } from './app-shell.ts';
import { firstPageDoor } from './first-page-door.ts';
import type { RememberedLook } from './look.ts';

export type { RememberedLook };

/** What happened before the app was there. */
export interface Handover {
  /** the relay link or invitation that the page was opened with, whole; it stands in the address bar no more */
  readonly link?: string;
  /** what stands in the name field, trimmed; absent where there is nothing */
  readonly name?: string;
  /** the person pressed Enter or the button: asks for nothing more than what is in `name` */
  readonly submitted: boolean;
  /** the name field has the focus: give it to the field that takes its place */
  readonly typing: boolean;
  /** milliseconds since 1970 at which the page was asked for */
  readonly startedAt: number;
}

/** @param done 0 to 1 */
export type OnProgress = (done: number) => void;

/** The shell's side; tests of the app open one of their own. */
export interface ShellDoor {
  /** of the program and of this build of it: `0.1.0 (3fk9Qv1x)` */
  readonly version: string;
  handover(): Handover;
  forgetLink(): void;
  onLink(listener: (link: string) => void): () => void;
  leave(): void;
  stuck(): Promise<void>;
  held(key: string): Promise<unknown>;
  hold(key: string, value: unknown): void;
  loadAsset(name: string, onProgress?: OnProgress): Promise<string>;
  loadStyle(name: string): Promise<void>;
  keepAll(): Promise<boolean>;
  onUpdate(listener: () => void): () => void;
  lookForUpdate(): Promise<boolean>;
  remember(look: RememberedLook): void;
}

const doorName = 'ternShell';

/** For tests that run the app without a first page. */
export function openShellDoor(door: ShellDoor): void {
  Object.defineProperty(globalThis, doorName, { value: door, configurable: true });
}

/** @throws {TypeError} where no first page ran */
function shell(): ShellDoor {
  const open: unknown = Reflect.get(globalThis, doorName);
  if (open !== undefined) return open as ShellDoor;
  const made = openAppShell(firstPageDoor());
  openShellDoor(made);
  return made;
}

/** As things stand at the moment of the call: take it when the app is about to show its own first screen. */
export function shellHandover(): Handover {
  return shell().handover();
}

/** The link is dealt with: a reload of this tab does not bring it again. */
export function forgetLink(): void {
  shell().forgetLink();
}

/** Links that a person opens later in this very tab. The secret is out of the address bar by then. @returns what ends it */
export function onLink(listener: (link: string) => void): () => void {
  return shell().onLink(listener);
}

/** Takes the first page's own elements and style away. Call it in the same task in which the app's first screen is there. */
export function leaveShell(): void {
  shell().leave();
}

/** Says on the first page that the line lets nothing through. Resolves when the person wants it tried again. */
export function shellStuck(): Promise<void> {
  return shell().stuck();
}

/** @returns what {@link holdWords} was given in this tab before it was loaded anew, where the browser still has it */
export function heldWords(key: string): Promise<unknown> {
  return shell().held(key);
}

/**
 * Keeps something in memory while this tab is loaded anew: in that of the service worker, which the browser may end at any time.
 * Nothing of it comes to a disk. @param value undefined forgets it
 */
export function holdWords(key: string, value: unknown): void {
  shell().hold(key, value);
}

/**
 * Brings an asset of this build (`engine`, or the name of a file that is loaded lazily), in pieces that survive a bad line, and keeps it.
 * @returns its URL, which the browser takes for a script: `new Worker(await loadAsset('engine'), { type: 'module' })`
 * @throws {LoadError} when the line failed for good; calling again goes on where it stopped
 */
export function loadAsset(name: string, onProgress?: OnProgress): Promise<string> {
  return shell().loadAsset(name, onProgress);
}

/** Brings a further style sheet (`later`) and resolves when it applies. A second call does nothing more. */
export function loadStyle(name: string): Promise<void> {
  return shell().loadStyle(name);
}

/** Brings all the rest, so that everything opens without a network. @returns false where this browser keeps nothing */
export function keepAll(): Promise<boolean> {
  return shell().keepAll();
}

/** Told when a newer version lies ready as a whole; the next load of the page is that version. @returns what ends it */
export function onUpdate(listener: () => void): () => void {
  return shell().onUpdate(listener);
}

/** Looks now, and brings what is new. @returns whether a newer version lies ready */
export function lookForUpdate(): Promise<boolean> {
  return shell().lookForUpdate();
}

/** What the first page should know the next time; what is not named stays as it was. */
export function rememberLook(look: RememberedLook): void {
  shell().remember(look);
}

/** For the settings screen and for reports of trouble. */
export function appVersion(): string {
  return shell().version;
}
