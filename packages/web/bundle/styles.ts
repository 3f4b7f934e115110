import { bundleAsync } from 'lightningcss';

/** One style sheet with everything it imports, made small. What the supported browsers know is left as it is written. */
export async function bundleStyle(path: string): Promise<Uint8Array> {
  const { code, warnings } = await bundleAsync({ filename: path, minify: true });
  if (warnings.length > 0) throw new Error(`${path}: ${warnings.map(({ message }) => message).join('\n')}`);
  return code;
}
