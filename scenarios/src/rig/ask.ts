/** One GET as a plain client makes it: a limit, the whole answer, and no retry but the one of RFC 9112. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Asked {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly error?: string;
  readonly tookMs: number;
  /** Whether it was sent again because a kept connection was closed under it. */
  readonly isRepeated: boolean;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Without one, the request has a connection of its own. */
  readonly agent?: Agent;
  readonly limitMs?: number;
}

/** Kept-alive connections, the one used last first, like most clients. */
export const keepAlive = (connections: number): Agent =>
  new Agent({ keepAlive: true, maxSockets: connections, scheduling: "lifo" });

/**
 * Resolves whatever happens.
 *
 * A server may close a kept connection at the moment when a request is sent on it. Such a request is
 * sent again, once and on a connection of its own, as RFC 9112 §9.3.1 lets clients do; a connection
 * that was made for the request is not forgiven anything.
 */
export async function ask(url: string, path: string, options: AskOptions = {}): Promise<Asked> {
  const first = await askOnce(url, path, options);
  if (!first.wasClosedBefore) return { ...first.asked, isRepeated: false };
  const { agent: _, ...alone } = options;
  const second = await askOnce(url, path, alone);
  const tookMs = first.asked.tookMs + second.asked.tookMs;
  return { ...second.asked, tookMs, isRepeated: true };
}

interface Try {
  readonly asked: Omit<Asked, "isRepeated">;
  /** The connection had served before, and ended before a byte of the answer. */
  readonly wasClosedBefore: boolean;
}

function askOnce(url: string, path: string, options: AskOptions): Promise<Try> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const settle = (part: Partial<Asked>, wasClosedBefore = false) => {
      clearTimeout(timer);
      const tookMs = performance.now() - startedAt;
      resolve({ asked: { status: 0, headers: {}, body: "", ...part, tookMs }, wasClosedBefore });
    };
    const outgoing = request(
      {
        hostname,
        port,
        path,
        method: options.method ?? "GET",
        headers: { ...options.headers },
        agent: options.agent ?? false,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", (error: Error) => settle({ error: `cut: ${codeOf(error)}` }));
        incoming.on("end", () =>
          settle({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    const timer = setTimeout(
      () => outgoing.destroy(Object.assign(new Error("no answer"), { code: "HANG" })),
      options.limitMs ?? 30_000,
    );
    outgoing.on("error", (error) => {
      const code = codeOf(error);
      const isClosing = code === "ECONNRESET" || code === "EPIPE";
      settle({ error: code }, outgoing.reusedSocket && isClosing);
    });
    outgoing.end();
  });
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
