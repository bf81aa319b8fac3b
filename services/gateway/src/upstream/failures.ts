/** What can go wrong between the gateway and its upstream, and what the client is told. */
import type { IncomingHttpHeaders } from "node:http";
import {
  PROBLEM_HEADER,
  PROBLEMS,
  type ProblemCode,
  ProblemError,
  problemType,
} from "@airlock/contract";
import { LAYER_SCHEME } from "@airlock/identity";
import * as z from "zod";

/**
 * How a call failed. `crowded`: no place was free. `greedy`: its client had its part of them already.
 * `credentials`: there was no session to sign it with. `connect`: no connection was made, nothing was sent. `reset`: it ended before the answer began.
 * `timeout`: no header in time. `late`: the body stopped coming. `broken`: it ended too early.
 */
export type Failure =
  | "crowded"
  | "greedy"
  | "credentials"
  | "connect"
  | "reset"
  | "timeout"
  | "late"
  | "broken"
  | "protocol";

/** How a call ended: the class of its answer's status, a failure, or `left`: nobody waited any more. */
export type Outcome = "1xx" | "2xx" | "3xx" | "4xx" | "5xx" | Failure | "left";
/** Of a call with an answer, by the hundreds of its status. */
export const ANSWERED: readonly Outcome[] = ["1xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

export class CallError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, message: string, cause?: Error) {
    super(message, { cause });
    this.name = "CallError";
    this.failure = failure;
  }
}

/** The client's own time is up. */
export class DeadlineError extends Error {
  constructor() {
    super("no whole answer in the client's time");
    this.name = "DeadlineError";
  }
}

export class ClientLeftError extends Error {
  constructor() {
    super("the client left");
    this.name = "ClientLeftError";
  }
}

/** The connection ended before the answer began. */
const RESET_CODES = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);
/** It is the request that is wrong, whether or not there is a connection. */
const REQUEST_CODES = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"]);

/** How far a call had come: nothing sent, sent, or the answer has begun. */
export type Progress = "unsent" | "sent" | "answering";

/** What undici reports, in our words. */
export function callError(cause: Error, progress: Progress): CallError {
  const code = (cause as { code?: unknown }).code;
  const word = typeof code === "string" ? code : "";
  if (progress === "answering") {
    return new CallError("broken", "the answer broke off", cause);
  }
  if (progress === "unsent" && !REQUEST_CODES.has(word)) {
    return new CallError("connect", "no connection was made", cause);
  }
  if (RESET_CODES.has(word)) return new CallError("reset", "the connection was reset", cause);
  return new CallError("protocol", "this is no HTTP", cause);
}

const RETRY_SOON = { "retry-after": "1" };

export function upstreamProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  switch (failureOf(error)) {
    case "crowded":
      return crowded(error);
    case "greedy":
      return greedy(error);
    case "credentials":
      return unsigned(error);
    case "connect":
      return unavailable(error);
    case "timeout":
    case "late":
      return tooSlow(error);
    default:
      return new ProblemError(
        "upstream_protocol_error",
        "The service behind broke off its answer.",
        { cause: error },
      );
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof DeadlineError) return "timeout";
  return error instanceof CallError ? error.failure : "protocol";
}

const tooSlow = (cause?: unknown): ProblemError =>
  new ProblemError("upstream_timeout", "The service behind did not answer in time.", { cause });

export const crowded = (cause?: unknown): ProblemError =>
  new ProblemError("overloaded", "Too many requests wait for the service behind; try again.", {
    cause,
    headers: RETRY_SOON,
  });

/** The client's own doing: the others have room. */
export const greedy = (cause?: unknown): ProblemError =>
  new ProblemError(
    "too_many_at_once",
    "Too many requests of this client are under way; wait for answers, or try again.",
    { cause, headers: RETRY_SOON },
  );

const unsigned = (cause: unknown): ProblemError =>
  new ProblemError(
    "credentials_unavailable",
    "There is no valid AWS session at the moment; try again shortly.",
    { cause, headers: RETRY_SOON },
  );

export const unavailable = (cause?: unknown): ProblemError =>
  new ProblemError(
    "upstream_unavailable",
    "The service behind cannot be reached; try again shortly.",
    { cause, headers: RETRY_SOON },
  );

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

/** What API Gateway answers by itself, in front of the service: its words are for the log, never for a client. */
export interface AwsRefusal {
  /** AWS's word, such as AccessDeniedException. */
  readonly errorType: string;
  /** For AWS's support, and its access log. */
  readonly awsRequestId: string | undefined;
}

const AWS_ERROR = "x-amzn-errortype";
const ERROR_TYPE = /^([A-Za-z]{1,64})(?::|$)/;
const REQUEST_ID = /^[A-Za-z0-9-]{1,64}$/;

/** @returns undefined for an answer of the service behind. */
export function awsRefusal(status: number, headers: IncomingHttpHeaders): AwsRefusal | undefined {
  const type = headers[AWS_ERROR];
  if (status < 400 || typeof type !== "string") return undefined;
  const id = headers["x-amzn-requestid"];
  return {
    // it may be followed by an address
    errorType: ERROR_TYPE.exec(type)?.[1] ?? "unreadable",
    awsRequestId: typeof id === "string" && REQUEST_ID.test(id) ? id : undefined,
  };
}

/**
 * Whether an answer tells against the route that it came by, and not against what was asked.
 *
 * @param problem what `relayedProblem` made of it.
 */
export const isRouteFailure = ({ status }: ProblemError, headers: IncomingHttpHeaders): boolean =>
  status >= 500 ||
  (headers[AWS_ERROR] === undefined
    ? NOT_THERE.has(status) && !isOurProblem(headers)
    : !TOO_LONG.has(status));

/** It is the client's request that is too large, in body, path or headers. */
const TOO_LONG: ReadonlySet<number> = new Set([413, 414, 431]);
/** Said by anybody but the service behind: the way leads somewhere else. */
const NOT_THERE: ReadonlySet<number> = new Set([404, 405]);

/** How a route failed that gave no answer; undefined for what is not its doing, and for what was not sent. */
export function routeFailureOf(error: unknown): Failure | undefined {
  if (error instanceof DeadlineError) return "timeout";
  if (!(error instanceof CallError)) return undefined;
  const { failure } = error;
  return failure === "crowded" || failure === "greedy" ? undefined : failure;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined where it is too large to be a problem document. */
  readonly text: string | undefined;
}

/**
 * An upstream's error, or an answer that it cannot have given, as a problem under this request's own id.
 * Keeps status, code and detail of a problem document of ours; of one that answers HEAD, and so has no
 * body, those of `PROBLEM_HEADER`, or the status alone. What is none does not come from the service but from something in between, or
 * from another service: of that a 4xx keeps its status, and no text is passed on. A refusal of this
 * gateway itself is 502: the client cannot mend that.
 *
 * @param hasClientProof the client's own credentials went along, and may be what was refused.
 */
export function relayedProblem(answer: ErrorAnswer, hasClientProof: boolean): ProblemError {
  const { status, headers } = answer;
  const refused = awsRefusal(status, headers);
  if (refused !== undefined) return refusedByAws(status, refused);
  const problem = parse(answer);
  if (problem) {
    const isRefusal = status === 401 || problem.code === "wrong_principal";
    const isAboutUs =
      SCHEMES.some((name) => headers[name] === LAYER_SCHEME) || (isRefusal && !hasClientProof);
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

/** What an API of API Gateway makes of the first one. */
const SCHEMES = ["www-authenticate", "x-amzn-remapped-www-authenticate"] as const;

/**
 * Signature, role and rate are this gateway's, so none of that is its client's fault; what is too large
 * is. The body is not looked at: AWS repeats there what was signed, the session token included.
 */
function refusedByAws(status: number, { errorType, awsRequestId }: AwsRefusal): ProblemError {
  const request = awsRequestId === undefined ? "" : `, AWS request ${awsRequestId}`;
  const cause = new Error(
    `AWS answered before the service behind: ${status} ${errorType}${request}`,
  );
  if (status === 429) {
    const detail = "AWS is throttling the calls of this gateway; try again shortly.";
    return new ProblemError("aws_throttled", detail, { cause, headers: RETRY_SOON });
  }
  if (status === 413) return new ProblemError("content_too_large", TOO_LARGE, { cause });
  if (status === 503) return unavailable(cause);
  if (status === 504) return tooSlow(cause);
  const isClients = status >= 400 && status <= 499 && !ABOUT_GATEWAY.has(status);
  return isClients ? rejected(status, REJECTED, {}) : unusable(cause.message);
}

const TOO_LARGE = "The request is larger than the service behind takes.";

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

const isOurProblem = (headers: IncomingHttpHeaders): boolean =>
  headers["content-type"]?.startsWith("application/problem+json") === true;

function parse({ headers, text }: ErrorAnswer): OwnProblem | undefined {
  if (!isOurProblem(headers)) return undefined;
  if (text === undefined) return undefined;
  if (text !== "") return ownProblem(text);
  const told = headers[PROBLEM_HEADER];
  const problem = typeof told === "string" ? ownProblem(told, decodeURIComponent) : undefined;
  return problem ?? { code: "", detail: REJECTED };
}

function ownProblem(text: string, decode = (one: string) => one): OwnProblem | undefined {
  try {
    return OwnProblem.safeParse(JSON.parse(decode(text))).data;
  } catch {
    return undefined;
  }
}
