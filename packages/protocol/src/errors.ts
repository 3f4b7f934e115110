/**
 * What every exception of Tern extends. The class says whose fault it is, the stable `code` what to branch on;
 * the message is for developers, texts for people live in the apps.
 */
export class TernError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Their fault: bytes from outside are not what they claim to be. */
export class MalformedError extends TernError {
  constructor(message: string, options?: ErrorOptions) {
    super('malformed', message, options);
  }
}

/** The network's fault: nothing came back, or what came back was cut. */
export class UnreachableError extends TernError {
  constructor(message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(options?.code ?? 'unreachable', message, options);
  }
}

/** Policy: understood, and answered with no. */
export class RefusedError extends TernError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Our fault: an interface was used in a way it does not offer. */
export class UsageError extends TernError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', message, options);
  }
}
