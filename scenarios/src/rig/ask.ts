/** One GET as a plain client makes it: no retry, a limit, the whole answer. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Asked {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly error?: string;
  readonly tookMs: number;
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

/** Resolves whatever happens. */
export function ask(url: string, path: string, options: AskOptions = {}): Promise<Asked> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const settle = (part: Partial<Asked>) => {
      clearTimeout(timer);
      const tookMs = performance.now() - startedAt;
      resolve({ status: 0, headers: {}, body: "", ...part, tookMs });
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
    outgoing.on("error", (error) => settle({ error: codeOf(error) }));
    outgoing.end();
  });
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
