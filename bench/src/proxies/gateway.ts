/** The gateway as it is shipped: its own main file and options, production settings, every request logged. */
import { openSync, readFileSync } from "node:fs";
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
  /** Node's options beside the shipped ones, such as those of its profiler. */
  readonly nodeOptions?: readonly string[];
  /** What was built, as an image runs it, instead of the sources. */
  readonly isBuilt?: boolean;
  /** Verifies its callers and proves itself to the next service. */
  readonly proofs?: Proofs | undefined;
}

export interface Proofs {
  readonly env: Readonly<Record<string, string>>;
  /** What a caller sends, as `name: value`. */
  readonly header: string;
}

export async function startGateway(options: GatewayOptions): Promise<RunningProxy> {
  const { name, root, upstreamPort, directory, nodeOptions = [], isBuilt, proofs } = options;
  const port = await freePort();
  const child = startChild({
    name,
    command: process.execPath,
    args: [
      ...shipped(root),
      ...nodeOptions,
      ...(isBuilt
        ? ["--enable-source-maps", join(root, "services/gateway/dist/main.js")]
        : ["--conditions=airlock-source", join(root, "services/gateway/src/main.ts")]),
    ],
    env: {
      ENVIRONMENT: "prod",
      HOST: "127.0.0.1",
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      ALLOWED_HOSTS: "localhost,127.0.0.1",
      // nobody has tokens here but where they are measured; the limiter counts, its limit is out of reach
      GATEWAY_AUTH: "none",
      LAYER_AUTH: "none",
      RATE_LIMIT_PER_MINUTE: "10000000",
      DRAIN_DELAY_SECONDS: "0",
      AUX_SERVICE_URL: `http://127.0.0.1:${upstreamPort}`,
      ...proofs?.env,
    },
    core: PROXY_CORE,
    stdout: openSync(join(directory, `${name}.log`), "a"),
  });
  const headers = proofs && { headers: [proofs.header] };
  return whenAnswering({ name, port, prefix: "/config/", ...headers, child, isJustInTime: true });
}

/** The options of k8s/base/gateway. */
function shipped(root: string): string[] {
  const manifest = readFileSync(join(root, "k8s/base/gateway/deployment.yaml"), "utf8");
  return /name: NODE_OPTIONS\n +value: (.*)/.exec(manifest)?.[1]?.split(" ") ?? [];
}
