import { rolldown, type OutputChunk } from 'rolldown';

/** A script as it is served. */
export interface Script {
  /** below the app's folder */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** of what it came from, without an ending: `main`, `settings` */
  readonly origin: string;
  /** names of scripts that the browser loads before this one runs */
  readonly imports: readonly string[];
  /** names of scripts that it may load later */
  readonly later: readonly string[];
}

export interface BundleOptions {
  /** the source that is run first */
  readonly entry: string;
  /** what its own script is called, before the hash; with the folder it goes into */
  readonly name: string;
  /** everything in one script, as a worker needs it */
  readonly whole?: boolean;
  /** before the first line of each script */
  readonly banner?: string;
}

/** The oldest browsers that Tern runs in; `using` and the like are made into what they know. */
const browsers = ['chrome123', 'firefox128', 'safari17.5'];

/** What the oldest browsers lack and no syntax makes up for. Stands before everything that may name it. */
export const disposeSymbols =
  'Symbol.dispose??=Symbol("Symbol.dispose");Symbol.asyncDispose??=Symbol("Symbol.asyncDispose");';

/**
 * Bundles and minifies; the script of the entry comes first.
 * @throws {Error} for an import that leads nowhere, or whatever else the bundler warns of
 */
export async function bundleScripts(options: BundleOptions): Promise<readonly Script[]> {
  const warnings: string[] = [];
  await using bundle = await rolldown({
    input: { [options.name]: options.entry },
    platform: 'browser',
    tsconfig: false,
    resolve: {
      alias: {
        react: 'preact/compat',
        'react-dom': 'preact/compat',
        'react/jsx-runtime': 'preact/jsx-runtime',
      },
    },
    transform: { target: browsers, jsx: { runtime: 'automatic', importSource: 'preact' } },
    onLog(level, log) {
      // virtua says "use client", which is for servers of other frameworks
      if (level === 'warn' && log.code !== 'MODULE_LEVEL_DIRECTIVE') warnings.push(log.message);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    minify: true,
    comments: false,
    hashCharacters: 'base64',
    entryFileNames: '[name]-[hash:10].js',
    chunkFileNames: 'a/[name]-[hash:10].js',
    ...(options.banner !== undefined && { banner: options.banner }),
    ...(options.whole === true && { codeSplitting: false }),
  });
  if (warnings.length > 0) throw new Error(`${options.entry}: ${warnings.join('\n')}`);
  return output.filter((one) => one.type === 'chunk').map(scriptOf);
}

function scriptOf(chunk: OutputChunk): Script {
  return {
    name: chunk.fileName,
    bytes: new TextEncoder().encode(chunk.code),
    origin: chunk.name,
    imports: chunk.imports,
    later: chunk.dynamicImports,
  };
}
