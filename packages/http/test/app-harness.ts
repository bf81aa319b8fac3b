/** A small application in this process, and raw connections to it. */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { commonSettings, type Environment, loadSettings, serviceName } from "@airlock/config";
import {
  type Admission,
  type App,
  type ClientPlaces,
  createLogger,
  createMetrics,
  createServer,
  type Metrics,
} from "@airlock/http";
import * as z from "zod";

const schema = z.object({ SERVICE_NAME: serviceName("small"), ...commonSettings });

export interface SmallApp {
  readonly app: App;
  readonly port: number;
  /** What was logged. */
  readonly lines: Record<string, unknown>[];
  readonly inFlight: Metrics["inFlight"];
  /** The samples of a metric, as they are scraped. */
  samples(name: string): Promise<string[]>;
}

export async function startApp(
  t: Pick<TestContext, "after">,
  addRoutes: (app: App) => void,
  env: Environment = {},
  clientPlaces?: ClientPlaces,
  admission?: Admission,
): Promise<SmallApp> {
  const settings = loadSettings(schema, { ENVIRONMENT: "dev", LOG_LEVEL: "debug", ...env });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics(settings);
  const about = { title: "Small", description: "", version: "0" };
  const app = await createServer(
    { settings, about, logger, metrics, clientPlaces, admission, isReady: () => true },
    addRoutes,
  );
  const sockets = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => sockets.add(socket));
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return {
    app,
    port,
    lines,
    inFlight: metrics.inFlight,
    async samples(name) {
      const text = await metrics.registry.getSingleMetricAsString(name);
      return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    },
  };
}

/** A connection that the test ends with. */
export async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

export async function until(condition: () => unknown, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
