import { obfs4, tlsProxy, websocket } from './messenger.ts';
import type { Subject } from './subject.ts';
import { tern, ternAbroad } from './tern.ts';
import { ternWeb } from './tern-web.ts';

/** Everything that can be compared, in the order of the table. */
export const subjects: readonly Subject[] = [tern, ternAbroad, ternWeb, websocket, tlsProxy, obfs4];

export function subjectNamed(name: string): Subject | undefined {
  return subjects.find((one) => one.name === name);
}
