/** Has V8 compile a request's way before anybody waits for it: the first thousand would take twice as long and more. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger, createMetrics } from "@airlock/http";
import { Pool } from "undici";
import { buildApp } from "./app.ts";
import type { Settings } from "./settings.ts";
import { createUpstream } from "./upstream/upstream.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

/** More change little. */
const REQUESTS = 500;
/** On a slow machine it is better to begin. */
const LIMIT_MS = 1500;
const AT_ONCE = 8;

const ANSWER = JSON.stringify({ name: "/airlock/warm/up", value: "x".repeat(1000) });

/**
 * A second application of the same code, with an upstream of its own in this process, takes requests
 * on loopback. Nothing of it reaches aux, the log, the metrics or anybody's limit, and all of it is gone
 * afterwards.
 */
export async function warmUp(settings: Settings): Promise<void> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(ANSWER);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const quiet: Settings = { ...settings, GATEWAY_AUTH: "none", LAYER_AUTH: "none", DOCS: false };
  const logger = createLogger(quiet, { write() {} });
  const metrics = createMetrics(quiet);
  const upstreamMetrics = createUpstreamMetrics(metrics.registry);
  const aux = createUpstream("aux", url, { logger, metrics: upstreamMetrics });
  const app = await buildApp(quiet, { aux, logger, metrics });
  try {
    await askAll(await app.listen({ host: "127.0.0.1", port: 0 }));
  } finally {
    await app.close();
    await aux.close();
    server.close();
    server.closeAllConnections();
  }
}

async function askAll(url: string): Promise<void> {
  const pool = new Pool(url, { connections: AT_ONCE });
  const endsAt = performance.now() + LIMIT_MS;
  let turn = 0;
  const askInTurn = async () => {
    while (turn++ < REQUESTS && performance.now() < endsAt) {
      const path = `/config//airlock/warm/up${turn % (2 * AT_ONCE)}`;
      const { body } = await pool.request({ method: "GET", path });
      await body.dump();
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
  } finally {
    await pool.close();
  }
}
