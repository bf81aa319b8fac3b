/** The gateway as it is shipped: its own main file, production settings, every request logged. */
import { openSync } from "node:fs";
import { join } from "node:path";
import { PROXY_CORE, startChild } from "../child.ts";
import { freePort } from "./free-port.ts";
import { type RunningProxy, whenAnswering } from "./proxy.ts";

export interface GatewayOptions {
  readonly name: string;
  /** The checkout whose gateway is started. */
  readonly root: string;
  readonly upstreamPort: number;
  /** Where its log goes. */
  readonly directory: string;
  /** Node's own options, such as those of its profiler. */
  readonly nodeOptions?: readonly string[];
}

export async function startGateway(options: GatewayOptions): Promise<RunningProxy> {
  const { name, root, upstreamPort, directory, nodeOptions = [] } = options;
  const port = await freePort();
  const child = startChild({
    name,
    command: process.execPath,
    args: [
      ...nodeOptions,
      "--conditions=airlock-source",
      join(root, "services/gateway/src/main.ts"),
    ],
    env: {
      ENVIRONMENT: "prod",
      HOST: "127.0.0.1",
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      ALLOWED_HOSTS: "localhost,127.0.0.1",
      // neither callers nor aux have tokens here; the limiter counts, and its limit is out of reach
      GATEWAY_AUTH: "none",
      LAYER_AUTH: "none",
      RATE_LIMIT_PER_MINUTE: "10000000",
      DRAIN_DELAY_SECONDS: "0",
      AUX_SERVICE_URL: `http://127.0.0.1:${upstreamPort}`,
    },
    core: PROXY_CORE,
    stdout: openSync(join(directory, `${name}.log`), "a"),
  });
  return whenAnswering({ name, port, prefix: "/config/", child, isJustInTime: true });
}
