/** What can go wrong between the gateway and its upstream, and what the client is told. */
import { ProblemError } from "@airlock/contract";
import { AnswerBrokenError, HeadersTooLateError, NoConnectionFreeError } from "./exchange.ts";
import { ClientLeftError, ReaderDeadlineError } from "./reader.ts";

/** No connection was made: nothing can have reached the upstream. */
const CONNECT_CODES = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** The connection ended before the answer began. */
const RESET_CODES = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * `crowded`: no connection was free. `timeout`: no header in time. `late`: the body stopped coming.
 * `broken`: it ended too early.
 */
export type Failure = "crowded" | "connect" | "reset" | "timeout" | "late" | "broken" | "protocol";

export function failureOf(error: unknown): Failure {
  if (error instanceof HeadersTooLateError || error instanceof ReaderDeadlineError) {
    return "timeout";
  }
  if (error instanceof NoConnectionFreeError) return "crowded";
  if (error instanceof AnswerBrokenError) {
    return codeOf(error.cause) === "UND_ERR_BODY_TIMEOUT" ? "late" : "broken";
  }
  const code = codeOf(error);
  if (CONNECT_CODES.has(code)) return "connect";
  if (RESET_CODES.has(code)) return "reset";
  return "protocol";
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]); // several addresses tried
  const code = (error as { code?: unknown } | undefined | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Whether a response header arrived in time; undefined when nobody waited for it long enough. */
export function answeredInTime(error: unknown): boolean | undefined {
  if (error instanceof ClientLeftError) return undefined;
  const failure = failureOf(error);
  if (failure === "crowded") return undefined;
  return failure === "late" || failure === "broken";
}

const RETRY_SOON = { "retry-after": "1" };

export function upstreamProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  switch (failureOf(error)) {
    case "crowded":
      return crowded(error);
    case "connect":
      return unavailable(error);
    case "timeout":
    case "late":
      return tooSlow(error);
    default:
      return new ProblemError(
        "upstream_protocol_error",
        "The service behind broke off its answer.",
        {
          cause: error,
        },
      );
  }
}

export const tooSlow = (cause?: unknown): ProblemError =>
  new ProblemError("upstream_timeout", "The service behind did not answer in time.", { cause });

export const crowded = (cause?: unknown): ProblemError =>
  new ProblemError("overloaded", "Too many requests wait for the service behind; try again.", {
    cause,
    headers: RETRY_SOON,
  });

export const unavailable = (cause?: unknown): ProblemError =>
  new ProblemError(
    "upstream_unavailable",
    "The service behind cannot be reached; try again shortly.",
    { cause, headers: RETRY_SOON },
  );
