/** A real Prometheus reads the real services, relabelled as the operator does it; then no alarm's condition holds. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { K8sObject } from "../objects.ts";
import { ruleGroupsOf } from "./rules.ts";
import { scrapeJobOf, targetsOf } from "./targets.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const LIMIT_MS = 120_000;
/** Enough scrapes, one a second, for what counts over time. */
const SCRAPED_MS = 5000;
const PORTS = [
  "LOCAL_AWS_PORT",
  "AUX_PORT",
  "GATEWAY_PORT",
  "JOBS_PORT",
  "LOCAL_KUBERNETES_PORT",
  "PROCESSOR_PORT",
  "AUX_METRICS_PORT",
  "GATEWAY_METRICS_PORT",
  "JOBS_METRICS_PORT",
  "PROCESSOR_METRICS_PORT",
  "PROMETHEUS_PORT",
] as const;

/** @param folder to write into. @returns a line for each fault. */
export async function scrapeReally(
  objects: readonly K8sObject[],
  folder: string,
): Promise<string[]> {
  const ports = await freePorts();
  const children: ChildProcess[] = [];
  const run = (command: string, args: readonly string[]) => {
    const { PATH = "", HOME = "" } = process.env;
    const env = { PATH, HOME, ...ports, DATA_FOLDER: join(folder, "data"), LOG_LEVEL: "warn" };
    children.push(spawn(command, args, { cwd: ROOT, env, stdio: "ignore" }));
  };
  // root's Postgres runs as another user, who has to reach its own folder
  chmodSync(folder, 0o711);
  try {
    run(process.execPath, ["--conditions=airlock-source", "scripts/src/start.ts", "--layer-auth"]);
    await until("the gateway is ready", () =>
      isOk(`http://127.0.0.1:${ports.GATEWAY_PORT}/readyz`),
    );
    const jobs = targetsOf(objects).map((target) => {
      const port = ports[`${target.service.toUpperCase()}_METRICS_PORT` as keyof typeof ports];
      return scrapeJobOf(target, `127.0.0.1:${port}`);
    });
    writeFileSync(join(folder, "prometheus.json"), JSON.stringify({ scrape_configs: jobs }));
    const address = `127.0.0.1:${ports.PROMETHEUS_PORT}`;
    run("prometheus", [
      `--config.file=${join(folder, "prometheus.json")}`,
      `--storage.tsdb.path=${join(folder, "tsdb")}`,
      `--web.listen-address=${address}`,
    ]);
    await until("Prometheus is ready", () => isOk(`http://${address}/-/ready`));
    await until("all services are read", async () => {
      await isOk(`http://127.0.0.1:${ports.GATEWAY_PORT}/config/my-parameter`);
      return (await ask(address, "up == 1")).length === jobs.length;
    });
    await sleep(SCRAPED_MS);
    const texts = await Promise.all(
      targetsOf(objects).map(async ({ service }) => {
        const port = ports[`${service.toUpperCase()}_METRICS_PORT` as keyof typeof ports];
        return { service, text: await (await fetch(`http://127.0.0.1:${port}/metrics`)).text() };
      }),
    );
    return [...texts.flatMap(lintOf), ...(await faultsOf(objects, address))];
  } finally {
    for (const child of children.toReversed()) {
      if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
    }
  }
}

/** What promtool finds in the text that a service answers: names, units, help. */
function lintOf({ service, text }: { readonly service: string; readonly text: string }): string[] {
  const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], { input: text });
  if (status === 0) return [];
  return `${stdout}${stderr}`
    .trim()
    .split("\n")
    .map((line) => `metrics of ${service}: ${line}`);
}

async function faultsOf(objects: readonly K8sObject[], address: string): Promise<string[]> {
  const faults: string[] = [];
  const series = await ask(address, '{__name__=~"airlock_.+"}');
  if (series.length === 0) faults.push("no metric of ours was read");
  const renamed = series.flatMap((labels) =>
    Object.keys(labels).filter((label) => label.startsWith("exported_")),
  );
  if (renamed.length > 0) faults.push(`labels of ours were renamed: ${[...new Set(renamed)]}`);
  for (const { alert, expr } of ruleGroupsOf(objects).flatMap(({ rules }) => rules)) {
    const holds = await ask(address, expr);
    if (holds.length > 0) faults.push(`${alert} would fire: ${JSON.stringify(holds)}`);
  }
  return faults;
}

/** The labels of what a query finds. */
async function ask(address: string, query: string): Promise<Record<string, string>[]> {
  const url = `http://${address}/api/v1/query?query=${encodeURIComponent(query)}`;
  const { status, data, error } = (await (await fetch(url)).json()) as {
    status: string;
    error?: string;
    data?: { result: { metric: Record<string, string> }[] };
  };
  if (status !== "success" || !data) throw new Error(`${query}: ${error}`);
  return data.result.map(({ metric }) => metric);
}

const isOk = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await sleep(100);
  }
}

async function freePorts(): Promise<Record<(typeof PORTS)[number], string>> {
  const servers = PORTS.map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => String((server.address() as { port: number }).port));
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return Object.fromEntries(PORTS.map((name, index) => [name, ports[index]])) as Record<
    (typeof PORTS)[number],
    string
  >;
}
