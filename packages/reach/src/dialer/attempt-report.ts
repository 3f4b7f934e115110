import type { FailureKind } from './standing.ts';
/** One attempt to carry one request, as it went. Says nothing of what was carried. */
export interface AttemptReport {
  readonly way: ObservedWay;
  /** milliseconds since 1970 */
  readonly at: number;
  /** the same */
  readonly endedAt: number;
  readonly bulk: boolean;
  /** the relay was allowed to keep the answer back */
  readonly held: boolean;
  /** exchanges that its connection had carried before; 0 for a fresh one */
  readonly exchangesBefore: number;
  /** nothing of its connection's opening could be seen */
  readonly blind: boolean;
  /** of its connection, 0 where there was none */
  readonly connectionAgeMs: number;
  /** the address that was dialled, where it is known */
  readonly address?: string;
  /** of those that were reached: milliseconds since `at` */
  readonly stages: ObservedStages;
  /** of the request */
  readonly upBytes: number;
  /** what came of the answer */
  readonly downBytes: number;
  /** of the connection, with those of exchanges before */
  readonly connectionBytes: { readonly up: number; readonly down: number };
  readonly ended: Ended;
  /** how far it was then */
  readonly stage: Stage;
}

export type Stage = 'waiting' | 'lookup' | 'connect' | 'hello' | 'answer' | 'coming';

export interface ObservedWay {
  readonly carrier: 'https' | 'websocket' | 'forward';
  /** the name or address in the relay's endpoint */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** where the address came from */
  readonly by: 'system' | 'doh' | 'remembered' | 'literal';
  /** what the hello says in clear; empty where it says nothing */
  readonly serverName: string;
  /** the relay that handed it on */
  readonly through?: string;
}

export interface ObservedStages {
  readonly resolvedMs?: number;
  readonly connectedMs?: number;
  /** the hello was answered and the certificate was right */
  readonly greetedMs?: number;
  readonly firstByteMs?: number;
  readonly lastByteMs?: number;
}

/**
 * - `ok`: the answer came
 * - `name`: the name has no address
 * - `refused`, `reset`, `closed`: the other side, or somebody in its name, said so; `closed` in the middle of an answer
 * - `silent`: nothing came for too long
 * - `certificate`: another server
 * - `not-a-relay`: what answered is something else
 * - `failed`: anything else that the platform does not explain
 * - `left`: another way answered first, or nobody wanted it any more
 */
export type Ended =
  | 'ok'
  | 'name'
  | 'refused'
  | 'reset'
  | 'closed'
  | 'silent'
  | 'certificate'
  | 'not-a-relay'
  | 'failed'
  | 'left';

/** Which stage is to blame. @param options `greets`: the request took the hello along, and nobody knows yet whether that was answered */
export function failureIn(stage: Stage, { greets }: { readonly greets: boolean }): FailureKind {
  switch (stage) {
    case 'waiting':
    case 'lookup':
      return 'name';
    case 'connect':
    case 'hello':
      return stage;
    case 'answer':
      return greets ? 'hello' : 'answer';
    case 'coming':
      return 'answer';
  }
}
