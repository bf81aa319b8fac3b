/** The HTTP server: reads a request, and has it answered by the API or by the control endpoint. */
import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, type Deps, isBelieved, send } from "./api/answer.ts";
import { answerControl, isControlPath } from "./control/control-routes.ts";
import type { LocalKubernetesControls } from "./controls.ts";
import { Refusal, unauthorized } from "./refusal.ts";

export interface ServerOptions extends Omit<Deps, "wait"> {
  readonly controls: LocalKubernetesControls;
  readonly host: string;
  readonly port: number;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Longer than any client keeps an idle connection, so that none is closed under a request just being sent. */
const KEEP_ALIVE_MS = 72_000;
/** As a real server has it. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const PROBES = ["/livez", "/readyz", "/healthz"];

export async function listen(options: ServerOptions): Promise<RunningServer> {
  const { controls, host, port: wanted, ...api } = options;
  const closing = new AbortController();
  // every delayed answer listens to it
  setMaxListeners(0, closing.signal);
  const wait = async (delayMs: number) => {
    // closing wakes the sleeper; its socket is gone by then, so the answer goes nowhere
    await sleep(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
  };
  const deps: Deps = { ...api, wait };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) => {
    exchange(deps, controls, message, response).catch((error: unknown) => {
      // a client that went away needs no answer; anything else is a fault of the stand-in itself
      if (!message.socket.destroyed) process.stderr.write(`local-kubernetes: ${String(error)}\n`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function exchange(
  deps: Deps,
  controls: LocalKubernetesControls,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = message.url ?? "/";
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const { method = "GET", headers } = message;
  const body = await readBody(message);
  if (body === undefined) {
    const words = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
    send(response, 413, new Refusal(413, "RequestEntityTooLarge", words).status);
    return;
  }
  if (PROBES.includes(path)) {
    response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    return;
  }
  if (isControlPath(path)) {
    if (!isBelieved(deps.world, headers.authorization)) {
      send(response, 401, unauthorized().status);
      return;
    }
    const { status, body: said, allow } = answerControl(controls, { method, path, query, body });
    send(response, status, said, allow === undefined ? {} : { allow });
    return;
  }
  const [contentType = ""] = (headers["content-type"] ?? "").split(";");
  await answer(
    deps,
    { method, path, query, body, contentType, authorization: headers.authorization },
    response,
  );
}

/** Undefined when it is too large. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes <= MAX_BODY_BYTES) parts.push(part);
  }
  return sizeBytes > MAX_BODY_BYTES ? undefined : Buffer.concat(parts);
}
