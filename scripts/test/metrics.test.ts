/** docs/metrics.md and the metrics that the services really have are the same. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { after, test } from "node:test";
import { documentsOf } from "../src/documents/faults.ts";
import { freePorts, NODE_COMPILE_CACHE, ROOT } from "./harness.ts";
import type { MadeMetric } from "./report-metrics.ts";

const ISSUER = "https://issuer.example.com";
/** Everything that brings metrics of its own is switched on; nothing of it need be there. */
const LAYER = {
  LAYER_AUTH_MODE: "observe",
  LAYER_AUTH_ISSUER: ISSUER,
  LAYER_AUTH_SUBJECTS: "system:serviceaccount:gateway:gateway",
  LAYER_AUTH_JWKS_URL: "http://127.0.0.1:9/keys",
};
const NOWHERE = "http://127.0.0.1:9";
const TOKEN_FILE = join(await mkdtemp("/tmp/airlock-metrics-"), "token");
await writeFile(TOKEN_FILE, "a.b.c");
after(() => rm(dirname(TOKEN_FILE), { recursive: true }));
const ENV = {
  gateway: {
    LAYER_AUTH: "sigv4",
    EXECUTION_API_URL: NOWHERE,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: NOWHERE,
    JOBS_LAYER_TOKEN_FILE: TOKEN_FILE,
    JOBS_SERVICE_URL: NOWHERE,
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: ISSUER,
    GATEWAY_JWT_AUDIENCE: "gateway",
    GATEWAY_JWT_JWKS_URL: "http://127.0.0.1:9/keys",
  },
  aux: {
    ...LAYER,
    LAYER_AUTH_AUDIENCE: "aux",
    AWS_ENDPOINT_URL: NOWHERE,
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/none",
  },
  jobs: {
    ...LAYER,
    LAYER_AUTH_AUDIENCE: "jobs",
    DATABASE_URL: "postgresql://127.0.0.1:9/none",
    ALLOWED_AWS_ACCOUNTS: "111122223333",
  },
  processor: {
    ...LAYER,
    LAYER_AUTH_AUDIENCE: "processor",
    DATABASE_URL: "postgresql://127.0.0.1:9/none",
  },
} as const;
type ServiceName = keyof typeof ENV;
const SERVICES = Object.keys(ENV) as ServiceName[];

interface Row extends MadeMetric {
  readonly at: readonly string[];
}

test("docs/metrics.md has a row for each metric of ours, and no other", async () => {
  const [gateway, aux, jobs, processor] = await Promise.all(SERVICES.map(metricsOf));
  const made = rowsOf({ gateway, aux, jobs, processor });
  const told = await table();
  for (const row of made) {
    assert.deepEqual(told.find(({ name }) => name === row.name) ?? "no row", row);
  }
  assert.deepEqual(
    told.map(({ name }) => name).toSorted(),
    made.map(({ name }) => name).toSorted(),
  );
});

/** Of the database; they are written alike. */
const LOGINS = new Set(["airlock_api", "airlock_processor"]);

test("a metric that a document names is one that there is", async () => {
  const told = new Set((await table()).map(({ name }) => name));
  for (const document of await documentsOf(ROOT)) {
    const text = await readFile(join(ROOT, document), "utf8");
    const named = text.matchAll(
      /(?<![$\w])(airlock_[a-z]+(?:_[a-z]+)*?)(?:_(?:bucket|count|sum))?\b(?!_)/g,
    );
    const unknown = [...named]
      .map(([, name = ""]) => name)
      .filter((name) => !(told.has(name) || LOGINS.has(name)));
    assert.deepEqual(unknown, [], document);
  }
});

test("the names and labels are as the field wants them", async () => {
  for (const { name, type, labels } of await table()) {
    assert.match(name, /^airlock_[a-z]+(_[a-z]+)+$/);
    assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
    if (type === "histogram") assert.match(name, /_(seconds|bytes)$/);
    const ofTheScrape = ["service", "job", "namespace", "pod", "container", "endpoint", "instance"];
    assert.deepEqual(
      labels.filter((label) => ofTheScrape.includes(label)),
      [],
      name,
    );
  }
});

/** What the service registers, run as the process that it is. */
async function metricsOf(service: ServiceName): Promise<readonly MadeMetric[]> {
  const { GATEWAY_PORT: port = "", GATEWAY_METRICS_PORT: metricsPort = "" } = await freePorts();
  const { PATH = "", HOME = "" } = process.env;
  const own = { ENVIRONMENT: "dev", HOST: "127.0.0.1", PORT: port, METRICS_PORT: metricsPort };
  const child = spawn(
    process.execPath,
    [
      "--conditions=airlock-source",
      `--import=${join(ROOT, "scripts/test/report-metrics.ts")}`,
      join(ROOT, `services/${service}/src/main.ts`),
    ],
    {
      env: { PATH, HOME, NODE_COMPILE_CACHE, ...own, ...ENV[service] },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    },
  ) as ChildProcess & { readonly stdout: Readable };
  const exited = once(child, "exit");
  try {
    for await (const text of child.stdout) if (String(text).includes('"msg":"listening"')) break;
    child.send("metrics");
    const [made] = (await Promise.race([once(child, "message"), exited])) as [MadeMetric[]];
    assert.ok(Array.isArray(made), `${service} did not start`);
    return made;
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

function rowsOf(metrics: Record<ServiceName, readonly MadeMetric[] | undefined>): Row[] {
  const rows = new Map<string, Row>();
  for (const service of SERVICES) {
    for (const { name, ...rest } of metrics[service] ?? []) {
      if (/^(process|nodejs)_/.test(name)) continue; // prom-client's own
      const row = rows.get(name);
      if (row) {
        assert.deepEqual({ ...rest }, { type: row.type, labels: row.labels, help: row.help }, name);
      }
      rows.set(name, { name, ...rest, at: [...(row?.at ?? []), service] });
    }
  }
  return [...rows.values()];
}

async function table(): Promise<Row[]> {
  const text = await readFile(join(ROOT, "docs/metrics.md"), "utf8");
  const words = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
  return [...text.matchAll(/^\| `(airlock_\w+)` \|(.*)\|$/gm)].map(([, name = "", cells = ""]) => {
    const [before = "", at = "", type = "", labels = "", help = ""] = cells
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    assert.ok(before, `${name}: the name before, or –`);
    return {
      name,
      type,
      labels: words(labels),
      help,
      at: at === "all" ? SERVICES : at.split(", "),
    };
  });
}
