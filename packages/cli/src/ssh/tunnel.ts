/** A connection to a port of a job, through the service's own doors: bytes in a WebSocket. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { ApiError } from "../api/problem.ts";
import { refusal, unreachable } from "../api/transport.ts";
import type { Session } from "../auth/session.ts";
import { CliError, EXIT } from "../cli-error.ts";
import { jobPath } from "../jobs/find-job.ts";

export interface TunnelOptions {
  readonly url: URL;
  readonly session: Session;
  readonly version: string;
  /** The job's whole id. */
  readonly id: string;
  readonly port: number;
  /** Without a sign from the other end for so long it is given up; it pings every 20 s. */
  readonly silenceMs?: number;
}

export interface Tunnel {
  readonly stream: Duplex;
  /** When it is over: undefined for a plain end, else what happened. Never rejects. */
  readonly ended: Promise<CliError | undefined>;
  close(): void;
}

const HANDSHAKE_MS = 30_000;
const SILENCE_MS = 65_000;
/** The other end gives up whoever says nothing for 22 s. */
const BEAT_MS = 5000;
const CLOSE_MS = 2000;

const AGAIN = "Connect again.";
/** What the other end says by closing. */
const ENDS: Readonly<Record<number, () => CliError | undefined>> = {
  1000: () => undefined,
  1005: () => undefined,
  1001: () => new CliError(EXIT.failed, "The service is being restarted.", { next: AGAIN }),
  1011: () => new CliError(EXIT.failed, "The way to the job has failed.", { next: AGAIN }),
  4403: () =>
    new CliError(EXIT.loginNeeded, "The key of this connection has been ended.", {
      next: "gpu-dev login",
    }),
  4404: () => new CliError(EXIT.notFound, "The job is over."),
  // of a service that counts once it is open; jobs refuses before
  4429: () =>
    new CliError(EXIT.noCapacity, "Too many connections at once.", { next: "Close some of them." }),
};

/** @throws CliError, ApiError, UnreachableError when there is none. */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const { session } = options;
  const key = await session.key();
  try {
    return await connect(options, key);
  } catch (error) {
    if (!(error instanceof ApiError) || !(await session.canMend(error.problem))) throw error;
    return await connect(options, await session.renew(key));
  }
}

async function connect(options: TunnelOptions, key: string): Promise<Tunnel> {
  const { url, id, port, version, silenceMs = SILENCE_MS } = options;
  const { WebSocket, createWebSocketStream } = await import("ws");
  const address = new URL(`${url.href.replace(/\/$/, "")}${jobPath(id)}/tunnel?port=${port}`);
  address.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address, {
    headers: { authorization: `Bearer ${key}`, "user-agent": `gpu-dev/${version}` },
    handshakeTimeout: HANDSHAKE_MS,
    perMessageDeflate: false,
    followRedirects: false,
    // what a mask protects from is pages in browsers; without one as much again goes through
    generateMask() {},
  });
  // before it is open: what comes with the answer is read at once, by whoever listens by then
  const stream = createWebSocketStream(socket, { allowHalfOpen: false });
  // an error of the stream is told by the code that the socket closes with
  stream.on("error", () => socket.terminate());
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", (error) => reject(unreachable(url, error)));
    socket.once("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
      refused(url, response)
        .then(reject, reject)
        // the library leaves it to whoever listens here to give up
        .finally(() => socket.terminate());
    });
  });
  let heardAt = performance.now();
  let isSilent = false;
  const hear = () => {
    heardAt = performance.now();
  };
  socket.on("ping", hear).on("message", hear);
  const watching = setInterval(
    () => {
      // while nobody reads here, nothing is heard either
      if (socket.isPaused) hear();
      isSilent = performance.now() - heardAt > silenceMs;
      if (isSilent) socket.terminate();
      // unasked: a ping may wait behind much that nobody reads here yet
      else if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.pong();
    },
    Math.min(BEAT_MS, silenceMs / 2),
  );
  const ended = closed.then((code) => {
    clearInterval(watching);
    return isSilent ? lost() : endOf(code);
  });
  const close = () => {
    socket.close(1000);
    // an end that nobody answers is one all the same
    const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
    void ended.then(() => clearTimeout(timer));
  };
  return { stream, ended, close };
}

const lost = () =>
  new CliError(EXIT.failed, "The connection to the service is lost: it says nothing any more.", {
    next: AGAIN,
  });

function endOf(code: number): CliError | undefined {
  const end = ENDS[code];
  if (end) return end();
  return new CliError(EXIT.failed, `The connection to the job was cut (${code}).`, { next: AGAIN });
}

async function refused(url: URL, response: IncomingMessage): Promise<Error> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) headers.set(name, String(value));
  const status = response.statusCode ?? 0;
  const error = refusal(url, { status, headers, text: await readText(response) });
  const isUnknown =
    error instanceof ApiError &&
    ["not_found", "method_not_allowed"].includes(error.problem.code ?? "");
  return isUnknown
    ? new CliError(EXIT.failed, "This service has no tunnels to jobs.", {
        next: "`gpu-dev connect --direct ID`, where a port of its node is open.",
      })
    : error;
}
