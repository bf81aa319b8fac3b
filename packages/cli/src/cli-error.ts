/** How a command ends: exit codes, and the sentence of one that could not do what was asked. */

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  jobEnded: 3,
  loginNeeded: 4,
  notFound: 5,
  noCapacity: 6,
  interrupted: 130,
  /** As a shell tells of whoever is ended by SIGPIPE. */
  unread: 141,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For `--help`; each is shown by a test. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "it could not be done; the line with `error:` says why"],
  [EXIT.usage, "wrong usage: a flag, an argument or a setting"],
  [EXIT.jobEnded, "the job that was waited for failed, expired or was cancelled"],
  [EXIT.loginNeeded, "a login is needed, or was refused"],
  [EXIT.notFound, "there is no such job, disk, snapshot or key"],
  [EXIT.noCapacity, "more than there can be, or than your quota is; or too many requests"],
  [EXIT.interrupted, "interrupted by Ctrl-C"],
  [EXIT.unread, "whoever read what it prints has gone before it was done"],
];

export interface CliErrorOptions {
  /** What to do now: a command, or a sentence. */
  readonly next?: string | undefined;
  /** Of the server's answer; what its operators look for in their logs. */
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

export class CliError extends Error {
  readonly exit: ExitCode;
  readonly next: string | undefined;
  readonly requestId: string | undefined;

  constructor(exit: ExitCode, sentence: string, options: CliErrorOptions = {}) {
    super(sentence, { cause: options.cause });
    this.name = "CliError";
    this.exit = exit;
    this.next = options.next;
    this.requestId = options.requestId;
  }
}

/** Why a run is broken off that nobody has interrupted: the reason of its signal. */
export class BrokenOff extends Error {
  readonly exit: ExitCode;

  constructor(exit: ExitCode) {
    super("broken off");
    this.name = "BrokenOff";
    this.exit = exit;
  }
}

export const usageError = (sentence: string, next?: string): CliError =>
  new CliError(EXIT.usage, sentence, { next });

/** Node's word for what went wrong, such as ENOENT. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
