/** An upstream's error, to be rendered again under this request's own id. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { PROBLEMS, Problem, type ProblemCode, ProblemError } from "@airlock/contract";
import type { Answer } from "./exchange.ts";
import { unavailable } from "./failures.ts";

const REFUSED = "aux refused the identity of this gateway (LAYER_AUTH here, LAYER_AUTH_MODE there)";

/**
 * Keeps status, code and detail of a problem document. What is no problem document does not come
 * from the service but from something in between, and its text is not passed on. Nor is a refusal of
 * this gateway itself: the client cannot mend that.
 */
export function relayedProblem(
  status: number,
  headers: IncomingHttpHeaders,
  body: Answer["body"],
): ProblemError {
  const problem = parse(headers, body);
  const isAboutUs = status === 401 || problem?.code === "wrong_principal";
  const code = problem && !isAboutUs && knownCode(problem.code, status);
  if (problem && code) {
    const retryAfter = headers["retry-after"];
    return new ProblemError(code, problem.detail, {
      ...(retryAfter !== undefined && { headers: { "retry-after": retryAfter } }),
    });
  }
  if (body instanceof Readable) body.destroy();
  if (status === 503) return unavailable();
  return new ProblemError(
    "upstream_protocol_error",
    "The service behind gave an answer that cannot be used.",
    { cause: new Error(isAboutUs ? REFUSED : `unexpected answer with status ${status}`) },
  );
}

function parse(headers: IncomingHttpHeaders, body: Answer["body"]): Problem | undefined {
  if (!headers["content-type"]?.startsWith("application/problem+json")) return undefined;
  if (body instanceof Readable) return undefined;
  try {
    return Problem.safeParse(JSON.parse(body.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

/** During a rollout aux may know codes that we do not: then any of the same status will do. */
function knownCode(code: string, status: number): ProblemCode | undefined {
  if (Object.hasOwn(PROBLEMS, code) && PROBLEMS[code as ProblemCode][0] === status) {
    return code as ProblemCode;
  }
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  return codes.find((known) => PROBLEMS[known][0] === status);
}
