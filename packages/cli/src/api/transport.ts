/** One request and its answer; everything else that may come of it is a sentence. */
import { CliError, codeOf, EXIT } from "../cli-error.ts";
import { ApiError } from "./problem.ts";

export interface Exchange {
  readonly method: "GET" | "POST" | "DELETE";
  /** Behind the API's address, from `/v1` on; its parts are encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Told of the text of a 200 as it comes; the answer has none then, and may last as long as it likes. */
  readonly onText?: (text: string) => void;
  /** Instead of the transport's. */
  readonly timeoutMs?: number;
}

export interface TransportOptions {
  readonly url: URL;
  readonly version: string;
  readonly signal: AbortSignal;
  /** For a whole exchange; for the head alone of one whose text is told as it comes. */
  readonly timeoutMs?: number;
  /** Told of each exchange; never of headers or bodies, which hold secrets. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Told when the server's clock is, by its answers. */
  readonly onDate?: ((serverMs: number) => void) | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export type Transport = (exchange: Exchange) => Promise<Answer>;

const TIMEOUT_MS = 30_000;

/** Nobody answered, or not as the API would: the same request may fare better later. */
export class UnreachableError extends CliError {
  /** A connection that was cut, or an answer of something on the way: likely over in a second. */
  readonly isBrief: boolean;
  /** What was asked for, though nobody has answered. */
  readonly mayBeDone: boolean;

  constructor(
    sentence: string,
    next?: string,
    cause?: unknown,
    isBrief = false,
    mayBeDone = isBrief,
  ) {
    super(EXIT.failed, sentence, { next, cause });
    this.name = "UnreachableError";
    this.isBrief = isBrief;
    this.mayBeDone = mayBeDone;
  }
}

/**
 * Follows no redirect: a key must not go where an answer says.
 *
 * @throws UnreachableError, ApiError for a status from 400 on.
 */
export function createTransport(options: TransportOptions): Transport {
  const { url, version, signal, timeoutMs: usualMs = TIMEOUT_MS, trace, onDate } = options;
  const userAgent = `gpu-dev/${version} node/${process.versions.node} ${process.platform}`;
  return async ({ method, path, headers, body, onText, timeoutMs = usualMs }) => {
    const began = performance.now();
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    let isFlowing = false;
    let answer: Answer;
    try {
      const response = await fetch(new URL(url.pathname.replace(/\/$/, "") + path, url), {
        method,
        headers: {
          accept: "application/json",
          "user-agent": userAgent,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: "manual",
        signal: AbortSignal.any([signal, timeout.signal]),
      });
      const { status, headers: answered } = response;
      isFlowing = onText !== undefined && status === 200;
      if (isFlowing) clearTimeout(timer);
      const text = onText && isFlowing ? await flow(response, onText) : await response.text();
      answer = { status, headers: answered, text };
    } catch (error) {
      if (signal.aborted) throw error;
      if (isFlowing) throw brokenOff(url, error);
      throw unreachable(url, error, timeout.signal.aborted ? timeoutMs : undefined);
    } finally {
      clearTimeout(timer);
    }
    const { status } = answer;
    const requestId = answer.headers.get("x-request-id") ?? "-";
    trace?.(`${method} ${path} ${status} ${Math.round(performance.now() - began)} ms ${requestId}`);
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) onDate?.(date);
    if (status >= 300 && status < 400) throw redirected(url, answer.headers.get("location"));
    if (status >= 400) throw refusal(url, answer, `${method} ${path}`);
    return answer;
  };
}

/** A character may come in two parts; one that does not come to its end is told when all is there. */
async function flow({ body }: Response, onText: (text: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  for await (const part of body ?? []) onText(decoder.decode(part, { stream: true }));
  onText(decoder.decode());
  return "";
}

/** @throws UnreachableError for what is no JSON. */
export function jsonOf<T>(url: URL, { text }: Answer): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw notTheApi(url, "what it answered is no JSON");
  }
}

/** Not brief: what has come of it would come again. */
const brokenOff = (url: URL, error: unknown) =>
  new UnreachableError(
    `${url.origin} has broken off its answer.`,
    "Try again in a moment.",
    causeOf(error),
  );

const addressHint = (url: URL) =>
  `Is ${url.href} the address? See \`gpu-dev doctor\`, \`gpu-dev config show\`.`;

const notTheApi = (url: URL, why: string) =>
  new UnreachableError(
    `${url.origin} does not answer as the jobs API does: ${why}.`,
    addressHint(url),
  );

function redirected(url: URL, location: string | null): UnreachableError {
  const target =
    location && URL.canParse(location, url.href) ? new URL(location, url).origin : undefined;
  const why = `it redirects${target ? ` to ${target}` : ""}`;
  const next = target && target !== url.origin ? `gpu-dev config set api_url ${target}` : undefined;
  return new UnreachableError(
    `${url.origin} does not answer as the jobs API does: ${why}.`,
    next ?? addressHint(url),
  );
}

/** What every jobs API has, and no name of anybody's in it: a 404 there is of something else. */
const ALWAYS_THERE =
  /^(?:GET \/(?:health|v1\/(?:jobs|disks|keys|gpu\/availability|cluster\/status))|POST \/v1\/auth\/[a-z-]+)(?:\?|$)/;

/** An answer from 400 on, as an error. @param asked method and path, where they may be `ALWAYS_THERE`. */
export function refusal(url: URL, { status, headers, text }: Answer, asked = ""): Error {
  const body = membersOf(text);
  const { detail, code, request_id } = body;
  if (typeof detail !== "string") {
    if (status >= 500) {
      const sentence = `${url.origin} answers ${status}: something on the way to the jobs API is down.`;
      return new UnreachableError(sentence, "Try again in a moment.", undefined, true);
    }
    return notTheApi(url, `status ${status}`);
  }
  const isOfNoService = detail === "Not Found" && (code === "not_found" || code === undefined);
  if (status === 404 && (isOfNoService || ALWAYS_THERE.test(asked))) {
    return notTheApi(url, "it has no such path");
  }
  const retryAfter = Number(headers.get("retry-after") ?? Number.NaN);
  const requestId = typeof request_id === "string" ? request_id : headers.get("x-request-id");
  return new ApiError({
    status,
    detail,
    code: typeof code === "string" ? code : undefined,
    requestId: requestId ?? undefined,
    retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  });
}

function membersOf(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return body instanceof Object ? { ...body } : {};
  } catch {
    return {};
  }
}

const TRUST = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ISSUER/;

/** Undici hides what happened in `cause`. */
export function unreachable(url: URL, error: unknown, timeoutMs?: number): UnreachableError {
  const { origin, hostname } = url;
  const told = (sentence: string, next = addressHint(url)) =>
    new UnreachableError(sentence, next, causeOf(error));
  if (timeoutMs !== undefined) {
    const sentence = `${origin} has not answered within ${timeoutMs / 1000} s.`;
    return new UnreachableError(sentence, "Try again in a moment.", causeOf(error), false, true);
  }
  const code = codeOf(causeOf(error));
  // https://fetch.spec.whatwg.org/#port-blocking
  if (/bad port/.test(String(causeOf(error))))
    return told(`No client speaks HTTP to port ${url.port}.`);
  if (code === "ECONNREFUSED")
    return told(`Nobody answers at ${origin}: the connection is refused.`);
  if (code === "ENOTFOUND") return told(`There is no host ${hostname}.`);
  if (code === "EAI_AGAIN")
    return told(`The name ${hostname} cannot be looked up now.`, "Is there a network?");
  if (/TIMEOUT|ETIMEDOUT/.test(code))
    return told(`${origin} cannot be reached: no connection in time.`);
  if (/EHOSTUNREACH|ENETUNREACH|ENETDOWN/.test(code)) {
    return told(`There is no way to ${origin}.`, "Is there a network, or a VPN that is off?");
  }
  if (TRUST.test(code)) {
    const next = "If it is signed by a CA of your company, name that in NODE_EXTRA_CA_CERTS.";
    return told(`The certificate of ${hostname} is not trusted: ${code}.`, next);
  }
  if (code.startsWith("ERR_SSL") || code === "EPROTO") {
    return told(`${origin} speaks no TLS; perhaps it is an address with http://.`);
  }
  if (/ECONNRESET|EPIPE|UND_ERR_SOCKET/.test(code)) {
    const sentence = `${origin} has cut the connection.`;
    return new UnreachableError(sentence, "Try again in a moment.", causeOf(error), true);
  }
  return told(`${origin} cannot be asked${code ? `: ${code}` : ""}.`);
}

/** Of several addresses that were tried, the first error tells. */
function causeOf(error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof AggregateError && !codeOf(cause) ? cause.errors[0] : cause;
}
