import { obfs4, tlsProxy, websocket } from './messenger.ts';
import type { Subject } from './subject.ts';
import { tern, ternAbroad } from './tern.ts';

/** Everything that can be compared, in the order of the table. */
export const subjects: readonly Subject[] = [tern, ternAbroad, websocket, tlsProxy, obfs4];

export function subjectNamed(name: string): Subject | undefined {
  return subjects.find((one) => one.name === name);
}
