/** Small servers to compare with: @fastify/reply-from, and Fastify with undici and nothing else. */
import { fileURLToPath } from "node:url";
import { PROXY_CORE, startChild } from "../child.ts";
import { hasDependencies } from "../dependencies.ts";
import { freePort } from "./free-port.ts";
import { type Absent, type RunningProxy, whenAnswering } from "./proxy.ts";

export type Peer = "reply-from" | "bare";

export async function startPeer(name: Peer, upstreamPort: number): Promise<RunningProxy | Absent> {
  if (!hasDependencies()) return { name, reason: "its dependencies are not installed" };
  const port = await freePort();
  const child = startChild({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`${name}-server.ts`, import.meta.url))],
    env: { PORT: String(port), UPSTREAM: `http://127.0.0.1:${upstreamPort}` },
    core: PROXY_CORE,
    hasMessages: true,
  });
  return whenAnswering({ name, port, prefix: "/config/", child, isJustInTime: true });
}
