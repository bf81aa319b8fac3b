/** `start` with jobs: a database that is kept, guarded and emptied, and the printed way to a job. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, type TestContext, test } from "node:test";
import { connectTarget, createStore } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import {
  freePorts,
  isListening,
  linesOf,
  NODE_COMPILE_CACHE,
  ROOT,
  type Run,
  start,
  statusOf,
} from "./harness.ts";
import { outliveBox } from "./outlive-box.ts";
import { runDocuments } from "./run-documents.ts";
import { gpuDevLines, inShell, printedLines, SHELLS } from "./shells.ts";

const folder = await mkdtemp(join(tmpdir(), "airlock-start-jobs-"));
// root's Postgres runs as another user, who has to reach its own folder
await chmod(folder, 0o711);
after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
const POSTMASTER = join(folder, "postgres/data/postmaster.pid");

async function isDatabase(url: string): Promise<boolean> {
  const quiet = { info() {}, warn() {}, error() {} };
  const store = createStore({
    ...connectTarget(url),
    pool: { min: 0, max: 1 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 5000,
    log: quiet,
  });
  const failure = await store.reach();
  await store.close();
  return failure === undefined;
}

/** @returns the report of the acceptance tests, run as somebody else would: by addresses and credentials. */
async function accept(run: Run): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const tests = spawn(process.execPath, ["acceptance/main.ts"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE,
      BASE_URL: run.gateway,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      GITHUB_USER_WITH_KEYS: "colleague",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report = text(tests.stdout);
  const [code] = await once(tests, "close");
  assert.equal(code, 0, await report);
  return report;
}

const PUBLIC_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXEsTbfUvnnmqET6aF6i/3K8Qrtxu8VfjzQFFP3Gcob";

/** What GitHub shows of everybody, without GitHub. */
async function showKeys(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => void response.end(`${PUBLIC_KEY}\n`));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/{user}.keys`;
}

/** Until it is ready a run warns of nothing, names its open doors once, and each service listens once. */
function assertQuiet(run: Run): void {
  const lines = linesOf(run);
  const ready = lines.findIndex(({ msg }) => msg === "ready");
  assert.ok(ready > 0, run.stdout());
  const loud = lines.slice(0, ready).filter(({ level }) => level !== "info" && level !== "debug");
  assert.deepEqual(loud, []);
  const listening = lines.slice(0, ready).filter(({ msg }) => /listening/i.test(String(msg)));
  const services = ["local-aws", "local-kubernetes", "processor", "aux", "jobs", "gateway"];
  assert.deepEqual(listening.map(({ service }) => service).sort(), services.sort());
  const doors = lines.filter((line) => line.open_doors !== undefined);
  assert.deepEqual(
    doors.map(({ level, open_doors }) => [level, Object.keys(open_doors as object).sort()]),
    [["info", ["aux", "gateway", "jobs", "processor"]]],
  );
  assert.equal(lines.filter(({ overruled }) => overruled).length, 0);
}

test("nothing is warned of; the printed lines log in, submit and list; acceptance passes; so do the blocks of the documents; a box is warned, extended and expires; a second start is refused; a signal stops all", async (t) => {
  // a minute's logins of many people in a few seconds
  const run = await start(t, [], {
    DATA_FOLDER: folder,
    LOGIN_RATE_PER_MINUTE: "1000",
    SSH_KEYS_URL: await showKeys(t),
  });
  await run.ready();
  assertQuiet(run);
  const exported = printedLines(run, /^export AWS/);
  assert.equal(exported.length, 3);
  const session = join(folder, "session.sh");
  const [shell = "sh", another = shell] = SHELLS;
  const ways = [[shell, exported] as const, [another, [`. ${session}`]] as const];
  await Promise.all(
    ways.map(async ([shell, identity]) => {
      const printed = await inShell(shell, [...identity, ...gpuDevLines(run, folder)]);
      assert.match(printed, /^[0-9a-f-]{36}$.*completed/ms);
    }),
  );
  const [psql = ""] = printedLines(run, /^postgres/);
  const url = await inShell("sh", [psql.replace(/^postgres +psql/, "printf %s")]);
  assert.ok(await isDatabase(url), url);
  for (const name of ["session.sh", "writer-session.sh", "database-url"]) {
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
  }
  const keys = join(folder, "env-vars-keys");
  assert.match(await readFile(keys, "utf8"), /^local:[A-Za-z0-9+/]{43}=\n$/);
  assert.equal((await stat(keys)).mode & 0o777, 0o600);

  const [report] = await Promise.all([
    accept(run),
    outliveBox(run, url, join(folder, "kubeconfig.yaml")),
  ]);
  assert.match(report, /pass [1-9]\d/);
  assert.doesNotMatch(report, /not run/i);
  assert.ok((await runDocuments(run, folder)) >= 3);

  const second = await start(t, [], { DATA_FOLDER: folder });
  assert.equal(await second.exit(), 1);
  const [told, line] = second.stderr().split("\n");
  assert.match(told ?? "", /aws is in use by process \d+\. Stop that, or run beside it:$/);
  assert.equal(line, `  DATA_FOLDER=${folder}-2 pnpm start`);
  assert.equal(await statusOf(`${run.jobs}/readyz`), 200, "the first run is untouched");

  run.process.kill("SIGTERM");
  assert.equal(await run.exit(), 0, run.stderr());
  for (const port of Object.values(run.ports)) assert.equal(await isListening(port), false, port);
  assert.equal(existsSync(POSTMASTER), false, "Postgres is still there");
  const lines = run
    .stdout()
    .split("\n")
    .filter((line) => line.includes('"service":"jobs"'));
  const stopping = lines.slice(lines.findIndex((line) => line.includes('"stopping"')));
  assert.match(stopping.at(-1) ?? "", /"msg":"stopped"/, "jobs stopped before its database");
  assert.doesNotMatch(stopping.join("\n"), /"level":"(error|warn)"/);
});

test("parts run beside each other in one folder: the first brings the stand-in", async (t) => {
  const ports = await freePorts();
  const more = { DATA_FOLDER: folder, LOGIN_RATE_PER_MINUTE: "1000" };
  const [aux, jobs, gateway] = [
    await start(t, ["--only=aux"], more, ports),
    await start(t, ["--only=jobs"], more, ports),
    await start(t, ["--only=gateway"], more, ports),
  ];
  await Promise.all([aux.ready(), jobs.ready(), gateway.ready()]);
  for (const curl of printedLines(aux, /^curl/)) assert.ok(await inShell("sh", [curl]), curl);
  const lines = [...printedLines(jobs, /^export AWS/), ...gpuDevLines(jobs, folder)];
  const behind = lines.map((line) =>
    line.replaceAll(`:${ports.JOBS_PORT}`, `:${ports.GATEWAY_PORT}`),
  );
  for (const printed of await Promise.all([inShell("sh", lines), inShell("sh", behind)])) {
    assert.match(printed, /^[0-9a-f-]{36}$.*queued/ms);
  }
  assert.equal(await statusOf(`${gateway.gateway}/config/my-parameter`), 200);
});

test("--reset begins anew; with --layer-auth jobs answers the gateway only; without Postgres the run ends", async (t) => {
  const run = await start(t, ["--reset", "--layer-auth"], { DATA_FOLDER: folder });
  await run.ready();
  const steps = gpuDevLines(run, folder).filter((line) => !line.includes(" submit "));
  const printed = await inShell("sh", [...printedLines(run, /^export AWS/), ...steps]);
  // of a table the pipe gets what there is: none
  assert.equal(printed, "");
  assert.equal(await statusOf(`${run.jobs}/v1/jobs`), 401);
  assert.equal(await statusOf(`${run.jobs}/readyz`), 200);

  const [pid] = (await readFile(POSTMASTER, "utf8")).split("\n");
  process.kill(Number(pid), "SIGKILL");
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /Postgres has ended/);
  assert.equal(await isListening(run.ports.GATEWAY_PORT), false);
});
