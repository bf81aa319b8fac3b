// The HTTP server: reads a request, has it answered as AWS call or control request, sends or withholds the answer.

import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerCall } from "./answer-call.ts";
import type { CallLine } from "./calls.ts";
import { answerControl, isControlPath } from "./control/control-routes.ts";
import type { LocalAwsControls } from "./controls.ts";
import { answerExecuteApi, isExecuteApiPath } from "./execute-api/front.ts";
import { answerRuntime, isRuntimePath } from "./lambda/runtime-api.ts";
import { answerAgent, POD_IDENTITY_PATH } from "./pod-identity/agent.ts";
import { BodyTooLarge, readRequest, type WireRequest, writeAnswer } from "./wire.ts";
import type { World } from "./world.ts";

export interface ServerOptions {
  readonly world: World;
  readonly controls: LocalAwsControls;
  readonly host: string;
  readonly port: number;
  readonly log: (line: CallLine) => void;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Longer than any client keeps an idle connection, so that none is closed under a request just being sent. */
const KEEP_ALIVE_MS = 72_000;

export async function listen(options: ServerOptions): Promise<RunningServer> {
  const closing = new AbortController();
  // Every delayed call listens to it.
  setMaxListeners(0, closing.signal);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) => {
    exchange(options, message, response, closing.signal).catch((error: unknown) => {
      // A client that went away needs no answer; anything else is a fault of the stand-in itself.
      if (!message.socket.destroyed) process.stderr.write(`local-aws: ${String(error)}\n`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
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
  options: ServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  // its bodies are read as they come
  if (isRuntimePath(message.url ?? "")) {
    answerRuntime(options.world.invocations, message, response);
    return;
  }
  let request: WireRequest;
  try {
    request = await readRequest(message);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  if (isControlPath(request.path)) {
    writeAnswer(response, answerControl(options.controls, request), request.method);
    return;
  }
  const wait = async (delayMs: number) => {
    // Closing wakes the sleeper; its socket is gone by then, so the answer goes nowhere.
    await sleep(delayMs, undefined, { signal: closing }).catch(() => undefined);
  };
  if (isExecuteApiPath(request.path)) {
    const startedMs = performance.now();
    const record = await answerExecuteApi(options.world, message, request, response, wait);
    const durationMs = Math.round((performance.now() - startedMs) * 10) / 10;
    const { service, operation, status } = record;
    record.ms = durationMs;
    options.log({ service, operation, status, durationMs });
    return;
  }
  if (request.path === POD_IDENTITY_PATH) {
    const given = await answerAgent(options.world, request, wait);
    if (given === "reset") message.socket.resetAndDestroy();
    else if (given !== "hang") writeAnswer(response, given, request.method);
    return;
  }
  const result = await answerCall(options.world, request, wait);
  const finish = (status: number | null) => {
    const durationMs = Math.round((performance.now() - result.startedMs) * 10) / 10;
    result.record.status = status;
    result.record.ms = durationMs;
    const { service, operation } = result.record;
    options.log({ service, operation, status, durationMs });
  };
  switch (result.kind) {
    case "answer":
      writeAnswer(response, result.answer, request.method);
      finish(result.answer.status);
      noteCut(response, () => {
        result.record.cutAfterMs = Math.round(performance.now() - result.startedMs);
      });
      break;
    case "reset":
      message.socket.resetAndDestroy();
      finish(null);
      break;
    case "hang":
      response.once("close", () => finish(null));
      break;
  }
}

/** Tells when the client leaves before the last byte was handed to the system. */
function noteCut(response: ServerResponse, onCut: () => void): void {
  let isWhole = false;
  response.once("finish", () => {
    isWhole = !response.destroyed && !response.socket?.destroyed;
  });
  response.once("close", () => {
    if (!isWhole) onCut();
  });
}
