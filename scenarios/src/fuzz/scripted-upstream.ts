/** Stands where aux would: answers everything at once, and judges what it was asked. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "../scenario.ts";
import { SLOW_NAME } from "./good-requests.ts";

const SLOW_MS = 15;

const LEVEL = "(?!\\.{1,2}(/|$))[A-Za-z0-9_.-]+";
const ARN = "arn:aws[a-z-]*:ssm:[a-z]{2}-[a-z-]+-\\d{1,2}:\\d{12}:parameter/";
const BUCKET = "(?=[a-z0-9])[a-z0-9.-]{3,63}";
/** What the gateway may ever ask for, written down a second time on purpose: path, methods, words. */
const ALLOWED: readonly [path: RegExp, methods: string, words: string][] = [
  [/^\/livez$/, "GET", ""],
  [/^\/parameters$/, "GET", "prefix type path recursive name decrypt limit cursor"],
  [/^\/parameters\/batch$/, "POST", ""],
  [
    new RegExp(`^/parameters/(${ARN})?${LEVEL}(/${LEVEL}){0,14}$`),
    "GET",
    "version label decrypt wait",
  ],
  [/^\/s3\/buckets$/, "GET", "prefix limit cursor"],
  [new RegExp(`^/s3/buckets/${BUCKET}$`), "GET", "prefix delimiter limit cursor"],
  [/^\/s3\/objects$/, "GET HEAD", "bucket key version"],
  [/^\/s3\/versions$/, "GET HEAD", "bucket key limit cursor"],
  [/^\/s3\/presigned$/, "GET", "bucket key method expires_in"],
];
/** Nothing that a server could read otherwise than it was meant. */
const QUERY = /^[A-Za-z0-9_]+=[A-Za-z0-9_.~!'()*%/-]*(&[A-Za-z0-9_]+=[A-Za-z0-9_.~!'()*%/-]*)*$/;
const ALLOWED_HEADERS = new Set(
  (
    "host connection x-request-id traceparent tracestate accept cache-control range " +
    "if-match if-none-match if-modified-since if-unmodified-since if-range " +
    "content-type content-length"
  ).split(" "),
);

export interface ScriptedUpstream {
  readonly url: string;
  readonly requests: () => number;
  /** A sentence for each request that should never have come. */
  readonly trespasses: readonly string[];
}

export async function startScriptedUpstream(stage: Stage): Promise<ScriptedUpstream> {
  let requests = 0;
  const trespasses: string[] = [];
  const server = createServer((request, response) => {
    requests++;
    const problem = trespassOf(request);
    if (problem) trespasses.push(problem);
    const answer = () =>
      response.setHeader("content-type", "application/json").end('{"name":"x","value":"y"}');
    if (request.url?.includes(SLOW_NAME)) setTimeout(answer, SLOW_MS);
    else answer();
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // a reset is the gateway giving up a call whose client left
    if (error.code !== "ECONNRESET") trespasses.push(`broken HTTP: ${error.message}`);
    socket.destroy();
  });
  server.keepAliveTimeout = 72_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, trespasses };
}

function trespassOf({ method = "", url = "", headers }: IncomingMessage): string | undefined {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? undefined : url.slice(mark + 1);
  // of two that fit a path, the first is the one that the upstream's router takes
  const [, methods = "", words = ""] = ALLOWED.find(([allowed]) => allowed.test(path)) ?? [];
  if (!methods || path.length > 1011 + "/parameters/".length) return `path ${url}`;
  if (!methods.split(" ").includes(method)) return `method ${method} on ${url}`;
  if (query !== undefined && !isAllowedQuery(query, words.split(" "))) return `query ${url}`;
  const strange = Object.keys(headers).find((name) => !ALLOWED_HEADERS.has(name));
  return strange === undefined ? undefined : `header ${strange} on ${url}`;
}

function isAllowedQuery(query: string, words: readonly string[]): boolean {
  if (!QUERY.test(query)) return false;
  const seen = [...new URLSearchParams(query).keys()];
  const isEachOnce = new Set(seen).size === seen.length;
  return seen.every((word) => words.includes(word)) && (isEachOnce || words.includes("name"));
}
