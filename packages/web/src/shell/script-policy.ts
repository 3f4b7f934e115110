/** The slice of Trusted Types that is used; browsers without them take plain text. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): unknown };
}

/** A file of a build: its name holds a hash of what is in it, and nothing that could lead elsewhere. */
const ownScript = /^(?:a\/|sw-)[\w-]+\.js$/u;

/**
 * Lets the names of scripts through that lie beside this page and nothing else: the page's one policy, so that nothing that was
 * received, whatever it says, is ever loaded as a script.
 */
export function openScriptPolicy(): (name: string) => string {
  const createScriptURL = (name: string): string => {
    if (!ownScript.test(name)) throw new TypeError('not a script of Tern');
    return new URL(name, location.origin + location.pathname).href;
  };
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('tern', { createScriptURL });
  // the library of types takes text where browsers take only what a policy made
  return policy === undefined ? createScriptURL : (name) => policy.createScriptURL(name) as string;
}
