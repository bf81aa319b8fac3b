/** The one place where errors become `application/problem+json` (RFC 9457). */
import { type Problem, ProblemError, problemType } from "@airlock/contract";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { InvalidInputError } from "./validation.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

export function problemBody(problem: ProblemError, requestId: string): Problem {
  return {
    type: problemType(problem.code),
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    instance: `urn:request:${requestId}`,
    code: problem.code,
    request_id: requestId,
  };
}

/** Fastify's own errors by code; what is not here and not a 4xx is a fault of ours. */
const FRAMEWORK_ERRORS: Readonly<Record<string, () => ProblemError>> = {
  FST_ERR_BAD_URL: () => new ProblemError("bad_request", "The path is not valid percent-encoding."),
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new ProblemError("content_too_large", "The body is larger than this path accepts."),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new ProblemError("unsupported_media_type", "This path does not read that Content-Type."),
};

/** Turns whatever was thrown into a problem, without telling the client a cause inside. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_ERRORS[code];
  if (known) return known();
  if (error instanceof InvalidInputError) return new ProblemError("bad_request", error.message);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ProblemError("bad_request", "The request is malformed.", { cause: error });
  }
  return new ProblemError("internal_error", "Something went wrong here; it has been logged.", {
    cause: error,
  });
}

/**
 * Fastify error handler. The client sees only the problem; the log keeps the cause of a 5xx, and of
 * less when it is asked for details. What ends because its client left is no fault of anybody's.
 */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  const hasLeft = reply.raw.destroyed && (error as Error | undefined)?.name === "AbortError";
  const level = hasLeft ? "debug" : levelOf(problem);
  const cause = problem.cause ?? (problem.status === 500 ? problem : undefined);
  // whoever counts refusals reads one line for each request
  request.logFields = { ...request.logFields, code: problem.code };
  request.log[level]({ code: problem.code, ...(cause && { error: cause }) }, problem.message);
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header("content-type", PROBLEM_TYPE)
    .header("cache-control", "no-store")
    .send(JSON.stringify(problemBody(problem, request.id)));
}

function levelOf({ status }: ProblemError): "error" | "warn" | "debug" {
  if (status === 500) return "error";
  return status > 500 ? "warn" : "debug";
}
