/** Checks that every request passes before routing matters: version, size, Host, target, Expect. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App } from "./app-type.ts";
import { endBehind } from "./bodies.ts";
import { hostMatcher, parseHost } from "./host-names.ts";
import { isProbe } from "./probes.ts";
import { authorityOf, isDecodable, isDecodablePath, isTarget, pathOf } from "./request-target.ts";

/** The HTTP parser has a limit of its own for both together. */
export interface HeadSize {
  readonly targetBytes: number;
  /** Of all header fields together. */
  readonly headersBytes: number;
}

export interface GuardOptions {
  readonly maxHead: HeadSize;
  /** Names and `*.suffix` patterns; undefined admits any valid name. */
  readonly allowedHosts: readonly string[] | undefined;
  /** The problem of a path that is not percent-encoded UTF-8, where it has one of its own. */
  readonly undecodable: ((path: string) => ProblemError | undefined) | undefined;
}

export function registerGuards(app: App, options: GuardOptions): void {
  const { maxHead, allowedHosts, undecodable } = options;
  const isAllowed = allowedHosts === undefined ? () => true : hostMatcher(allowedHosts);

  app.addHook("onRequest", (request, reply, done) => {
    const { originalUrl, raw } = request;
    const malformed =
      versionProblem(raw) ?? hostProblem(raw) ?? targetProblem(request.method, originalUrl);
    if (malformed) endBehind(raw, reply);
    const problem =
      malformed ??
      sizeProblem(request, maxHead) ??
      authorityProblem(request, isAllowed) ??
      pathProblem(originalUrl, undecodable) ??
      queryProblem(originalUrl) ??
      expectationProblem(raw);
    if (problem) done(problem);
    else done();
  });
}

/** HTTP/0.9 has no headers and its clients understand no error; HTTP/2 needs its own parser. */
function versionProblem(raw: IncomingMessage): ProblemError | undefined {
  if (raw.httpVersionMajor === 1) return undefined;
  return new ProblemError("bad_request", "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
}

/** Less than the parser takes, so that the answer can say what to do instead. */
function sizeProblem(request: FastifyRequest, maxHead: HeadSize): ProblemError | undefined {
  if (request.originalUrl.length > maxHead.targetBytes) {
    const { longTargetHint = "" } = request.route.config;
    const detail = `A URL may take ${maxHead.targetBytes} bytes here. ${longTargetHint}`.trimEnd();
    return new ProblemError("uri_too_long", detail);
  }
  let size = 0;
  for (const part of request.raw.rawHeaders) size += part.length + 2; // ": " or CRLF behind each
  if (size <= maxHead.headersBytes) return undefined;
  return new ProblemError(
    "header_fields_too_large",
    `The headers may hold ${maxHead.headersBytes} bytes here.`,
  );
}

/** Exactly one valid Host (RFC 9112 §3.2); HTTP/1.0 may leave it out. */
function hostProblem({ headers, httpVersionMinor, rawHeaders }: IncomingMessage) {
  const { host } = headers;
  if (host === undefined && httpVersionMinor === 0) return undefined;
  if (host !== undefined && countHosts(rawHeaders) === 1 && parseHost(host)) return undefined;
  return new ProblemError("invalid_host", "The request needs exactly one valid Host header.");
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}

function targetProblem(method: string, target: string): ProblemError | undefined {
  if (isTarget(method, target)) return undefined;
  return new ProblemError(
    "bad_request",
    "The request target is not one that this method can have.",
  );
}

function authorityProblem(
  { originalUrl, raw, url, method }: FastifyRequest,
  isAllowed: (host: string) => boolean,
): ProblemError | undefined {
  const host = authorityOf(originalUrl) ?? raw.headers.host;
  // probes come from the node, and a tunnel is refused wherever it leads
  if (host === undefined || isProbe(url) || method === "CONNECT" || isAllowed(host))
    return undefined;
  return new ProblemError("misdirected_request", "This host name is not served here.");
}

function pathProblem(
  target: string,
  undecodable: GuardOptions["undecodable"],
): ProblemError | undefined {
  if (isDecodablePath(target)) return undefined;
  const problem = undecodable?.(pathOf(target));
  return problem ?? new ProblemError("bad_request", "The path is not valid percent-encoding.");
}

/** A parser of queries would take what it cannot decode as it is, for something else. */
function queryProblem(target: string): ProblemError | undefined {
  const start = target.indexOf("?");
  if (start < 0 || isDecodable(target.slice(start + 1))) return undefined;
  return new ProblemError("bad_request", "The query is not percent-encoded UTF-8.");
}

/** RFC 9110 §10.1.1; HTTP/1.0 has no expectations. */
function expectationProblem({ headers, httpVersionMinor }: IncomingMessage) {
  const { expect } = headers;
  if (expect === undefined || httpVersionMinor === 0) return undefined;
  if (expect.toLowerCase() === "100-continue") return undefined;
  return new ProblemError("expectation_failed", "Only 100-continue can be expected.");
}
