/** Runs the fixture service as a process and talks to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export interface Fixture {
  readonly process: ChildProcess;
  readonly port: number;
  readonly metricsPort: number;
  readonly lines: Record<string, unknown>[];
  stderr(): string;
  /** The exit code. */
  exited: Promise<number | null>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export async function startFixture(
  t: TestContext,
  env: Record<string, string> = {},
  { isLogRead = true } = {},
): Promise<Fixture> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [
      "--conditions=airlock-source",
      fileURLToPath(new URL("./fixture-service.ts", import.meta.url)),
    ],
    {
      env: {
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        HOST: "127.0.0.1",
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        DRAIN_DELAY_SECONDS: "1",
        LOG_LEVEL: "debug",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const lines: Record<string, unknown>[] = [];
  let partial = "";
  if (!isLogRead) child.stdout.pause();
  child.stdout.setEncoding("utf8").on(isLogRead ? "data" : "never", (text: string) => {
    const parts = (partial + text).split("\n");
    partial = parts.pop() ?? "";
    for (const line of parts) lines.push(JSON.parse(line));
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const fixture = { process: child, port, metricsPort, lines, stderr: () => stderr, exited };
  while (child.exitCode === null && (await get(port, "/livez")).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return fixture;
}

export interface Reply {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function get(
  port: number,
  path: string,
  agent: Agent | false = false,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return new Promise((resolve) => {
    const nobody = () => resolve({ status: 0, headers: {}, body: "" });
    const outgoing = request({ host: "127.0.0.1", port, path, agent, headers }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("error", nobody);
      incoming.on("data", (chunk: string) => {
        body += chunk;
      });
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
      );
    });
    outgoing.on("error", nobody).end();
  });
}

export const keepAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });
