/** An upstream's error, to be rendered again under this request's own id. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { PROBLEMS, type ProblemCode, ProblemError } from "@airlock/contract";
import { LAYER_SCHEME } from "@airlock/identity";
import * as z from "zod";
import type { Answer } from "./exchange.ts";
import { unavailable } from "./failures.ts";

const REFUSED =
  "the service behind refused the identity of this gateway (LAYER_AUTH here, LAYER_AUTH_MODE there)";

/** Of the upstream's headers, those that belong to an error. */
const KEPT = ["retry-after", "content-range", "www-authenticate", "allow"] as const;

/**
 * Keeps status, code and detail of a problem document, the status alone of one that answers HEAD and
 * so has no body. What is no problem document does not come from the service but from something in
 * between, and its text is not passed on. Nor is a refusal of this gateway itself: the client cannot
 * mend that.
 *
 * @param hasClientProof the client's own credentials went along, and may be what was refused.
 */
export function relayedProblem(answer: Answer, hasClientProof: boolean): ProblemError {
  const { status, headers, body } = answer;
  const problem = parse(headers, body);
  const isRefusal = status === 401 || problem?.code === "wrong_principal";
  const isAboutUs = isRefusal && (!hasClientProof || headers["www-authenticate"] === LAYER_SCHEME);
  const code = problem && !isAboutUs && knownCode(problem.code, status);
  if (problem && code) {
    const kept = KEPT.flatMap((name) => (headers[name] ? [[name, headers[name]]] : []));
    return new ProblemError(code, problem.detail, { headers: Object.fromEntries(kept) });
  }
  if (body instanceof Readable) body.destroy();
  if (status === 503) return unavailable();
  return new ProblemError(
    "upstream_protocol_error",
    "The service behind gave an answer that cannot be used.",
    { cause: new Error(isAboutUs ? REFUSED : `unexpected answer with status ${status}`) },
  );
}

/** Whatever else another version writes. */
const Read = z.object({ code: z.string(), detail: z.string() });

function parse(
  headers: IncomingHttpHeaders,
  body: Answer["body"],
): z.infer<typeof Read> | undefined {
  if (!headers["content-type"]?.startsWith("application/problem+json")) return undefined;
  if (body instanceof Readable) return undefined;
  if (body.length === 0) return { code: "", detail: "" };
  try {
    return Read.safeParse(JSON.parse(body.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

/** During a rollout the service behind may know codes that we do not: then any of the same status will do. */
function knownCode(code: string, status: number): ProblemCode | undefined {
  if (Object.hasOwn(PROBLEMS, code) && PROBLEMS[code as ProblemCode][0] === status) {
    return code as ProblemCode;
  }
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  return codes.find((known) => PROBLEMS[known][0] === status);
}
