/** Checks that every request passes before routing matters: version, size, Host, target. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App } from "./app-type.ts";
import { isProbe } from "./probes.ts";

/** A registered name, IPv4 or bracketed IPv6 address, with an optional port (RFC 9110 §7.2). */
const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The HTTP parser has a limit of its own for both together. */
export interface HeadLimits {
  readonly targetBytes: number;
  /** Of all header fields together. */
  readonly headersBytes: number;
}

/** @param allowedHosts names and `*.suffix` patterns; undefined admits any valid name. */
export function registerGuards(
  app: App,
  limits: HeadLimits,
  allowedHosts: readonly string[] | undefined,
): void {
  const isAllowed = allowedHosts === undefined ? () => true : hostMatcher(allowedHosts);

  app.addHook("onRequest", (request, _reply, done) => {
    const problem =
      versionProblem(request.raw) ??
      sizeProblem(request, limits) ??
      hostProblem(request.raw, isProbe(request.url) ? () => true : isAllowed) ??
      targetProblem(request.originalUrl, request.raw) ??
      queryProblem(request.originalUrl);
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
function sizeProblem(request: FastifyRequest, limits: HeadLimits): ProblemError | undefined {
  if (request.originalUrl.length > limits.targetBytes) {
    const { longTargetHint = "" } = request.routeOptions.config;
    const detail = `A URL may take ${limits.targetBytes} bytes here. ${longTargetHint}`.trimEnd();
    return new ProblemError("uri_too_long", detail);
  }
  let size = 0;
  for (const part of request.raw.rawHeaders) size += part.length + 2; // ": " or CRLF behind each
  if (size <= limits.headersBytes) return undefined;
  return new ProblemError(
    "header_fields_too_large",
    `The headers may hold ${limits.headersBytes} bytes here.`,
  );
}

/** Exactly one valid Host (RFC 9112 §3.2); HTTP/1.0 may leave it out. */
function hostProblem(
  raw: IncomingMessage,
  isAllowed: (host: string) => boolean,
): ProblemError | undefined {
  const host = raw.headers.host;
  if (host === undefined && raw.httpVersionMinor === 0) return undefined;
  if (host === undefined || countHosts(raw.rawHeaders) !== 1 || !HOST.test(host)) {
    return new ProblemError("invalid_host", "The request needs exactly one valid Host header.");
  }
  if (isAllowed(host)) return undefined;
  return new ProblemError("misdirected_request", "This host name is not served here.");
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}

/** An absolute-form target must name the same authority as Host (RFC 9112 §3.2.2). */
function targetProblem(target: string, raw: IncomingMessage): ProblemError | undefined {
  if (target.startsWith("/") || target === "*") return undefined;
  const authority = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
  if (authority !== undefined && authority === raw.headers.host) return undefined;
  return new ProblemError("bad_request", "The request target does not match the Host header.");
}

/** A parser of queries would take what it cannot decode as it is, for something else. */
function queryProblem(target: string): ProblemError | undefined {
  const start = target.indexOf("?");
  if (start < 0) return undefined;
  if (isDecodable(target.slice(start + 1))) return undefined;
  return new ProblemError("bad_request", "The query is not percent-encoded UTF-8.");
}

function isDecodable(query: string): boolean {
  try {
    if (query.includes("%")) decodeURIComponent(query);
    return true;
  } catch {
    return false;
  }
}

/** The path of an absolute-form target; anything else as it came. */
export function pathOfTarget(target: string): string {
  if (target.startsWith("/")) return target;
  const path = /^https?:\/\/[^/?#]*([/?].*)?$/i.exec(target);
  if (path === null) return target;
  return path[1]?.startsWith("/") ? path[1] : `/${path[1] ?? ""}`;
}

function hostMatcher(allowed: readonly string[]): (host: string) => boolean {
  const exact = new Set(allowed.filter((host) => !host.startsWith("*.")));
  const suffixes = allowed.filter((host) => host.startsWith("*.")).map((host) => host.slice(1));
  return (hostHeader) => {
    const host = hostHeader.toLowerCase();
    const name = host.replace(/:\d+$/, "");
    return exact.has(name) || exact.has(host) || suffixes.some((suffix) => name.endsWith(suffix));
  };
}
