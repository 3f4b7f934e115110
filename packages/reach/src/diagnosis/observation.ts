/** What one attempt to reach a relay showed, from the client's own side. Times: ms of a monotonic clock of ours. */
export interface Observation {
  readonly way: {
    /** tells one way from another; holds no secret path */
    readonly key: string;
    readonly kind: 'https' | 'websocket' | 'forward';
    /** sent as the server's name (TLS SNI); absent where none was */
    readonly name?: string;
    /** dialled */
    readonly address?: string;
    readonly port: number;
    readonly relay?: string;
  };
  readonly beganAt: number;
  readonly endedAt: number;
  /** of the whole connection so far; undefined where it is hidden, as a fresh one of a browser is */
  readonly connection:
    | {
        readonly fresh: boolean;
        readonly exchangesBefore: number;
        readonly upBytes: number;
        readonly downBytes: number;
        readonly ageMs: number;
      }
    | undefined;
  readonly resolved?:
    | {
        readonly afterMs: number;
        readonly addresses: readonly string[];
        readonly by: 'system' | 'https' | 'memory';
      }
    | {
        readonly afterMs: number;
        readonly failed: 'no-such-name' | 'no-answer' | 'unknown';
        readonly by: 'system' | 'https';
      };
  /** TCP */
  readonly connectedAfterMs?: number;
  /** TLS done */
  readonly helloAnsweredAfterMs?: number;
  readonly firstByteAfterMs?: number;
  readonly lastByteAfterMs?: number;
  /**
   * What came of answers asked for on a connection that stood, and how long it took beyond round trips; an exchange may be left in a pause, and
   * the next one is then what came after it. Absent where that was not looked at.
   */
  readonly flow?: { readonly bytes: number; readonly ms: number };
  /** of this exchange */
  readonly upBytes: number;
  /** of this exchange */
  readonly downBytes: number;
  /** the relay might keep the answer back */
  readonly held: boolean;
  readonly end:
    | 'answered'
    /** before anything came, and the platform does not say how */
    | 'failed'
    | 'reset'
    | 'refused-connection'
    | 'silent'
    | 'closed-early'
    | 'wrong-certificate'
    | 'not-a-relay'
    | 'wrong-relay'
    | 'no-network'
    | 'cancelled';
  readonly bulk: boolean;
}
