/** A small server with @fastify/reply-from, the usual way to forward from Fastify. */
import { fileURLToPath } from "node:url";
import { PROXY_CORE, startChild } from "../child.ts";
import { hasDependencies } from "../dependencies.ts";
import { freePort } from "./free-port.ts";
import { type Absent, type RunningProxy, whenAnswering } from "./proxy.ts";

const NAME = "reply-from";

export async function startReplyFrom(upstreamPort: number): Promise<RunningProxy | Absent> {
  if (!hasDependencies()) return { name: NAME, reason: "its dependencies are not installed" };
  const port = await freePort();
  const child = startChild({
    name: NAME,
    command: process.execPath,
    args: [fileURLToPath(new URL("reply-from-server.ts", import.meta.url))],
    env: { PORT: String(port), UPSTREAM: `http://127.0.0.1:${upstreamPort}` },
    core: PROXY_CORE,
    hasMessages: true,
  });
  return whenAnswering({ name: NAME, port, prefix: "/config/", child, isJustInTime: true });
}
