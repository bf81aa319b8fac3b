/** An upstream's error, or an answer that it cannot have given, as a problem under this request's own id. */
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { PROBLEMS, type ProblemCode, ProblemError, problemType } from "@airlock/contract";
import { LAYER_SCHEME } from "@airlock/identity";
import * as z from "zod";
import type { Answer } from "./exchange.ts";
import { tooSlow, unavailable } from "./failures.ts";

const REFUSED =
  "the service behind refused the identity of this gateway (LAYER_AUTH here, LAYER_AUTH_MODE there)";
const MISDIRECTED =
  "the service behind has not the name that it is called by (ALLOWED_HOSTS there)";

/** Of the service's headers, those that belong to an error. */
const KEPT = ["retry-after", "content-range", "www-authenticate", "allow"];
/** Of anybody else's, by status. */
const KEPT_OF_OTHERS: Readonly<Record<number, readonly string[]>> = {
  405: ["allow"],
  413: ["retry-after"],
  416: ["content-range"],
  429: ["retry-after"],
};
/** Said by something in between, these speak of the gateway, which asked; its client cannot mend that. */
const ABOUT_GATEWAY: ReadonlySet<number> = new Set([401, 403, 407, 421]);

/**
 * Keeps status, code and detail of a problem document of ours, the status alone of one that answers HEAD
 * and so has no body. What is none does not come from the service but from something in between, or
 * from another service: of that a 4xx keeps its status, and no text is passed on. A refusal of this
 * gateway itself is 502: the client cannot mend that.
 *
 * @param hasClientProof the client's own credentials went along, and may be what was refused.
 */
export function relayedProblem(answer: Answer, hasClientProof: boolean): ProblemError {
  const { status, headers, body } = answer;
  const problem = parse(headers, body);
  if (body instanceof Readable) body.destroy();
  if (problem) {
    const isRefusal = status === 401 || problem.code === "wrong_principal";
    const isAboutUs =
      headers["www-authenticate"] === LAYER_SCHEME || (isRefusal && !hasClientProof);
    if (isAboutUs) return unusable(REFUSED);
    if (status === 421) return unusable(MISDIRECTED);
    return passedOn(status, problem, keptOf(headers, KEPT));
  }
  if (status === 503) return unavailable();
  if (status === 504) return tooSlow();
  if (status < 400 || status > 499 || ABOUT_GATEWAY.has(status)) {
    return unusable(`unexpected answer with status ${status}`);
  }
  const kept = keptOf(headers, KEPT_OF_OTHERS[status] ?? []);
  // RFC 9110 §15.5.6: a 405 names the methods there are, if only none
  return rejected(status, REJECTED, status === 405 ? { allow: "", ...kept } : kept);
}

const REJECTED = "The service behind answered with this status, and not why.";

const rejected = (status: number, detail: string, headers: Record<string, string>) =>
  new ProblemError("upstream_rejected", detail, { status, headers });

const unusable = (reason: string) =>
  new ProblemError(
    "upstream_protocol_error",
    "The service behind gave an answer that cannot be used.",
    { cause: new Error(reason) },
  );

const keptOf = (headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]]] : [])),
  );

/** During a rollout the service behind may know codes that we do not: of those the status tells what it is. */
function passedOn(status: number, { code, detail }: OwnProblem, headers: Record<string, string>) {
  if (Object.hasOwn(PROBLEMS, code) && PROBLEMS[code as ProblemCode][0] === status) {
    return new ProblemError(code as ProblemCode, detail, { headers });
  }
  if (status >= 400 && status < 500) return rejected(status, detail, headers);
  const known = BY_STATUS[status];
  return known
    ? new ProblemError(known, detail, { headers })
    : unusable(`a problem of a code that is not known, with status ${status}`);
}

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  500: "internal_error",
  502: "upstream_protocol_error",
  503: "upstream_unavailable",
  504: "upstream_timeout",
};

/** Whatever else another version writes. */
const OwnProblem = z
  .object({ type: z.string(), code: z.string(), detail: z.string() })
  .refine(({ type, code }) => type === problemType(code));
type OwnProblem = Pick<z.infer<typeof OwnProblem>, "code" | "detail">;

function parse(headers: IncomingHttpHeaders, body: Answer["body"]): OwnProblem | undefined {
  if (!headers["content-type"]?.startsWith("application/problem+json")) return undefined;
  if (body instanceof Readable) return undefined;
  if (body.length === 0) return { code: "", detail: REJECTED };
  try {
    return OwnProblem.safeParse(JSON.parse(body.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
