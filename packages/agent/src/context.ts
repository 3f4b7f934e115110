import type { Client, ClientStore } from '@tern/core';
import type { Hint, Primitives, World } from '@tern/protocol';
import type { Dialer } from '@tern/reach';
import type { ProbePort, Way } from '@tern/reach/diagnosis';
import type { Call, CommandForm } from './command-line.ts';
import type { Output } from './output.ts';
import type { Terminal } from './passphrase.ts';

/** What every command works with; main puts it together and nobody else does. */
export interface Context {
  readonly output: Output;
  /** where the home is */
  readonly dir: string;
  readonly world: World;
  readonly primitives: Primitives;
  readonly transport: Dialer;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** where somebody can be asked, and what `-` reads */
  readonly terminal: Terminal;
  /** Ctrl-C, or whoever stops this program */
  readonly signal: AbortSignal;
  /** makes attempts for a diagnosis, on connections of their own */
  probes(
    hints: readonly Hint[],
    options: {
      /** told of each hello of TLS as it leaves */
      readonly greets: (hint: Hint) => void;
    },
  ): ProbePort & { readonly ways: readonly Way[] };
  openClient(store: ClientStore): Promise<Client>;
}

/** A command of `tern`: its form, and what it does. What was not possible is thrown. */
export interface Command extends CommandForm {
  run(call: Call, context: Context): Promise<void>;
}
