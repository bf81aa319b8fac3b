/** The log: JSON lines on standard output, written asynchronously and flushed at exit. */
import type { CommonSettings } from "@airlock/config";
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
  pino,
} from "pino";

import { LogDestination } from "./log-destination.ts";

export type { Logger } from "pino";

const STDOUT = 1;

/** Keys whose values never reach the log, wherever in a line they stand (two levels deep). */
const SECRET_KEYS = new Set([
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  "value",
  "accessKeyId",
  "secretAccessKey",
  "sessionToken",
]);

/**
 * A line without its secret members. Pino's own redaction would copy and walk every line once for
 * each path, a ninth of all time spent on a request; this looks each key up once and copies only
 * when there is something to leave out.
 */
export function withoutSecrets(line: Record<string, unknown>, depth = 1): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const key in line) {
    const value = line[key];
    if (SECRET_KEYS.has(key)) {
      copy ??= { ...line };
      delete copy[key];
    } else if (
      depth > 0 &&
      typeof value === "object" &&
      value !== null &&
      !(value instanceof Error)
    ) {
      const clean = withoutSecrets(value as Record<string, unknown>, depth - 1);
      if (clean === value) continue;
      copy ??= { ...line };
      copy[key] = clean;
    }
  }
  return copy ?? line;
}

/** Standard output. One for each process: it holds what is not yet written. */
export const openLog = (): LogDestination => new LogDestination(STDOUT);

export function createLogger(
  settings: Pick<CommonSettings, "SERVICE_NAME" | "LOG_LEVEL">,
  destination: DestinationStream = openLog(),
): Logger {
  const logger = pino(
    {
      level: settings.LOG_LEVEL,
      base: { service: settings.SERVICE_NAME },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: withoutSecrets,
      },
      errorKey: "error",
      serializers: { error: describeError },
    },
    destination,
  );
  // pino's formatters see lines, not the members that a child adds to each of its lines
  const makeChild = logger.child;
  logger.child = function <C extends string = never>(
    this: Logger,
    bindings: Bindings,
    options?: ChildLoggerOptions<C>,
  ): Logger<C> {
    return Reflect.apply(makeChild<C>, this, [withoutSecrets(bindings), options]);
  };
  return logger;
}

/** AWS repeats what was signed where it finds the signature wrong, the session token included. */
const TOKEN = /(x-amz-security-token["']?\s*[:=]\s*["']?)[^\s"'&]+/gi;
const told = (text: string): string => text.replace(TOKEN, "$1[redacted]");

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
  if (!(error instanceof Error)) return { type: typeof error, message: told(String(error)) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: told(error.message),
    ...(typeof code === "string" ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: told(error.stack) }),
    ...(error.cause === undefined || depth > 3
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}
