/** Stands where aux would: answers everything at once, and judges what it was asked. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "../scenario.ts";

/** The paths that the gateway may ever ask for, written down a second time on purpose. */
const ALLOWED_PATH =
  /^\/(livez|s3\/buckets|parameters|parameters\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+){0,14})$/;
const ALLOWED_HEADERS = new Set(
  (
    "host connection x-request-id traceparent tracestate accept cache-control range " +
    "if-match if-none-match if-modified-since if-unmodified-since if-range"
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
    response.setHeader("content-type", "application/json").end('{"name":"x","value":"y"}');
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

function trespassOf({ method, url = "", headers }: IncomingMessage): string | undefined {
  if (method !== "GET") return `method ${method} on ${url}`;
  if (!ALLOWED_PATH.test(url) || url.length > 1011 + "/parameters/".length) return `path ${url}`;
  const strange = Object.keys(headers).find((name) => !ALLOWED_HEADERS.has(name));
  return strange === undefined ? undefined : `header ${strange} on ${url}`;
}
