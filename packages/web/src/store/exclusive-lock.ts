/**
 * One holder at a time among all tabs and workers of the origin. The browser gives it back when its holder's page or worker ends,
 * however it ends.
 * @param options `signal` gives up waiting, with its reason
 */
export async function exclusiveLock(
  name: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<AsyncDisposable> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const asked = navigator.locks.request(
    name,
    { mode: 'exclusive', ...(options.signal === undefined ? {} : { signal: options.signal }) },
    async () => {
      held.resolve();
      await released.promise;
    },
  );
  asked.catch((reason: unknown) => held.reject(reason));
  await held.promise;
  return {
    async [Symbol.asyncDispose]() {
      released.resolve();
      await asked;
    },
  };
}
