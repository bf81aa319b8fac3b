/** The gateway on a port of its own, in front of an upstream that a test scripts. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { after as afterAll, type TestContext } from "node:test";
import { type Environment, loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import { buildApp } from "../src/app.ts";
import { openCallers } from "../src/callers.ts";
import { settingsSchema } from "../src/settings.ts";
import { openUpstreams } from "../src/upstreams.ts";

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

export interface ScriptedUpstream {
  readonly url: string;
  readonly port: number;
  /** Requests that arrived, probes left out. */
  readonly requests: IncomingMessage[];
  /** Open connections. */
  readonly sockets: Set<Socket>;
  script: Script;
  close(): Promise<void>;
}

export async function startUpstream(
  t: Pick<TestContext, "after">,
  script: Script,
  port = 0,
): Promise<ScriptedUpstream> {
  const server = createServer((incoming, response) => {
    if (incoming.url?.split("?", 1)[0]?.endsWith("/livez")) return void response.end("ok");
    upstream.requests.push(incoming);
    upstream.script(incoming, response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  const upstream: ScriptedUpstream = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests: [],
    sockets,
    script,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  t.after(() => upstream.close());
  return upstream;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  /** The value of a metric, summed over its labels but for those that are given. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** How many calls to an upstream ended in each way. */
  outcomes(): Promise<Record<string, number>>;
  /** As a process does it at the end of its drain delay. */
  drain(): Promise<void>;
}

export async function startGateway(
  t: Pick<TestContext, "after">,
  upstreamUrl: string,
  env: Environment = {},
): Promise<Gateway> {
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    AUX_SERVICE_URL: upstreamUrl,
    LOG_LEVEL: "debug",
    ...env,
  });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics(settings);
  const { registry } = metrics;
  const upstreams = await openUpstreams(settings, { logger, registry });
  const { toAux, jobs, jobsLayer } = upstreams;
  const callers = openCallers(settings, { logger, registry, jobs, jobsLayer });
  const isReady = () => upstreams.isReady();
  const deps = { toAux, jobs, jobsLayer, callers: callers.guard, isReady, logger, metrics };
  const app = await buildApp(settings, deps);
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    app.server.closeAllConnections();
    await Promise.all([app.close(), app.tunnels.drain(0)]);
    callers.close();
    await upstreams.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    lines,
    async metric(name, wanted = {}) {
      const found = await metrics.registry.getSingleMetric(name)?.get();
      const isWanted = (labels: Readonly<Partial<Record<string, string | number>>>) =>
        Object.entries(wanted).every(([label, value]) => labels[label] === value);
      const values = (found?.values ?? []).filter(({ labels }) => isWanted(labels));
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    async outcomes() {
      const name = "airlock_upstream_call_duration_seconds";
      const text = await registry.getSingleMetricAsString(name);
      const found = text.matchAll(/_count\{.*outcome="(\w+)".*\} (\d+)/g);
      return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
    },
    async drain() {
      app.isDraining = true;
      const closed = app.close();
      await app.tunnels.drain(0);
      await closed;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** A gateway and its upstream for all tests of a file, which they end with. */
export async function startShared(script: Script, env: Environment = {}) {
  const releases: (() => unknown)[] = [];
  const shared = { after: (release: unknown) => void releases.push(release as () => unknown) };
  afterAll(async () => {
    for (const release of releases.toReversed()) await release();
  });
  const upstream = await startUpstream(shared, script);
  return { upstream, gateway: await startGateway(shared, upstream.url, env) };
}

/** GET with the path as it is (fetch would resolve dot segments), on a connection of its own. */
export function get(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("error", reject).end();
  });
}

/** How often each status came. */
export function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

export const json =
  (value: unknown): Script =>
  (_request, response) =>
    void response.setHeader("content-type", "application/json").end(JSON.stringify(value));

export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** The script, run once the gate is open. */
export const after =
  (held: Gate, script: Script): Script =>
  (request, response) =>
    void held.passed.then(() => script(request, response));

/** A promise and the function that resolves it. */
export function gate(): Gate {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

export async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
