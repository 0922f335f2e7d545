/** What kind of failure it is; agents branch on it, so codes never change meaning. */
export type ErrorCode =
  | 'INVALID_INPUT' // an argument is wrong: correct it and call again
  | 'NOT_FOUND' // an id, collection or file is not there
  | 'FORBIDDEN' // outside the allowed folders or hosts, or refused by the operating system
  | 'INVALID_MEDIA' // a file is corrupt, too large or of an unsupported kind
  | 'UNSUPPORTED' // the request is valid, but this installation or provider cannot do it
  | 'CONFLICT' // somebody else changed the record, or the same key was used for another request
  | 'BUDGET' // it would cost more than the ceiling allows
  | 'RATE_LIMITED' // the provider asks to slow down
  | 'UNAVAILABLE' // a service or file system does not answer; try again later
  | 'MISCONFIGURED' // a setting is missing or wrong
  | 'CANCELLED' // the caller or a user cancelled it
  | 'INTERNAL'; // a defect of ours; details are on stderr only

/**
 * The only error whose text reaches an agent. `message` says what was wrong (field and value), `hint` what would be
 * right and the next call. `cause` keeps the original for stderr and is never shown.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
  }

  /** True where the same call may succeed later without any change. */
  get retryable(): boolean {
    return this.code === 'RATE_LIMITED' || this.code === 'UNAVAILABLE';
  }
}

/** The error as plain data: crosses process borders and goes into records. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** `AppError` as data; anything else becomes INTERNAL with a fixed text, so that no foreign text leaks. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) };
  }
  return { code: 'INTERNAL', message: 'An unexpected error occurred. Details are in the server log (stderr).' };
}

/** For compare-and-swap, as a handler of rejections: that somebody else was faster is no failure. Throws every other error on. */
export function unlessConflict(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
}

/** The error that `errorData` described, on the other side of a process border. */
export function errorFromData(data: ErrorData): AppError {
  return new AppError(data.code, data.message, data.hint ? { hint: data.hint } : {});
}
