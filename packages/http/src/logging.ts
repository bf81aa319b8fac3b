/** The log: JSON lines on standard output, written asynchronously and flushed at exit. */
import type { CommonSettings } from "@airlock/config";
import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Keys whose values never reach the log, wherever in a line they stand (two levels deep). */
const SECRET_KEYS = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  "value",
  "accessKeyId",
  "secretAccessKey",
  "sessionToken",
];

/**
 * @param destination where lines go; standard output, buffered, unless a test wants them.
 */
export function createLogger(
  settings: Pick<CommonSettings, "SERVICE_NAME" | "LOG_LEVEL">,
  destination: DestinationStream = bufferedStdout(),
): Logger {
  return pino(
    {
      level: settings.LOG_LEVEL,
      base: { service: settings.SERVICE_NAME },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: "error",
      serializers: { error: describeError },
      redact: { paths: SECRET_KEYS.flatMap((key) => [`["${key}"]`, `*["${key}"]`]), remove: true },
    },
    destination,
  );
}

/**
 * Lines are collected and written together: two synchronous writes a request would cost a third of
 * the throughput. Nothing waits longer than 100 ms, and what is left is written at exit.
 */
function bufferedStdout(): DestinationStream {
  const stdout = pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 100 });
  process.on("exit", () => {
    try {
      stdout.flushSync();
    } catch {
      // the reader has gone: nobody is left to tell
    }
  });
  return stdout;
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

/**
 * Only these five members of an error are logged: foreign errors carry requests, headers and
 * credentials in further ones.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth > 3
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}
