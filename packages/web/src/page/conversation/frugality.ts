import type { FileView } from '@tern/core';
import type { ConnectionsView } from '../../engine/app-api.ts';
import { sparing } from '../preferences.ts';

const smallPictureBytes = 1_000_000;
/** Slower than this, an exchange says that the path is a bad one. */
const slowAnswerMs = 900;

interface BrowserPath {
  readonly effectiveType?: string;
}

/** Whether a picture comes without being asked for: it is kept here already, or it is small and the path is good. */
export function loadsByItself(file: FileView, paths: ConnectionsView | undefined): boolean {
  if (file.here) return true;
  return file.size <= smallPictureBytes && !sparing(isSlow(paths));
}

/** As the browser says where it says something, and as the exchanges themselves have shown. */
function isSlow(view: ConnectionsView | undefined): boolean {
  const { connection } = navigator as { readonly connection?: BrowserPath };
  if (connection?.effectiveType !== undefined && connection.effectiveType !== '4g') return true;
  const answers = (view?.paths ?? []).flatMap(({ latencyMs }) =>
    latencyMs === undefined ? [] : [latencyMs],
  );
  return answers.length > 0 && Math.min(...answers) > slowAnswerMs;
}
