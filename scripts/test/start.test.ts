/** `start`: one command runs the pair, keeps away from real accounts, and stops cleanly. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { Health } from "@airlock/contract";
import { freePorts, isListening, linesOf, type Run, start, statusOf } from "./harness.ts";
import { inShell, printedLines, SHELLS } from "./shells.ts";

/** A shell full of things that must change nothing. */
const POLLUTED = {
  AWS_ACCESS_KEY_ID: "x",
  AWS_SECRET_ACCESS_KEY: "y",
  AWS_SESSION_TOKEN: "z",
  AWS_PROFILE: "real",
  AWS_REGION: "us-east-1",
  AWS_ROLE_ARN: "arn:aws:iam::999999999999:role/real",
  AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  AWS_CONFIG_FILE: "/nonexistent",
  PORT: "3000",
  HOST: "0.0.0.0",
  ENVIRONMENT: "prod",
  NODE_OPTIONS: "",
  SERVICE_NAME: "mine",
};
/** And of some that are meant. */
const SETTINGS = { CACHE_FRESH_SECONDS: "0", LOG_LEVEL: "WARNING" };

test("in a shell full of things", async (t) => {
  const run = await start(t, ["--only=pair"], { ...POLLUTED, ...SETTINGS });
  await run.ready();

  await t.test(
    "the pair runs on the stand-in, and what it prints is true in every shell",
    async () => {
      const { examples } = lineOf(run, "ready") as { examples: { curl: string; answer: string }[] };
      const curls = printedLines(run, /^curl/);
      assert.deepEqual(
        curls,
        examples.map(({ curl }) => curl),
      );
      for (const shell of SHELLS) {
        for (const { curl, answer } of examples) {
          const body = await inShell(shell, [curl]);
          assert.ok(body.includes(answer), `${shell}: ${curl}: ${body}`);
        }
      }
      const { overruled } = lineOf(run, /^decided by start/) as { overruled: string[] };
      assert.deepEqual(overruled, [
        ...["AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_ROLE_ARN"],
        ...["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ENVIRONMENT", "HOST", "PORT"],
        "SERVICE_NAME",
      ]);
      const health = Health.parse(await (await fetch(`${run.aux}/health`)).json());
      assert.deepEqual(
        [health.service, health.environment, health.region, health.aws_session?.source],
        ["aux", "dev", "eu-west-1", "assumed_role"],
      );
      for (const line of run.stdout().trim().split("\n")) assert.ok(JSON.parse(line).time, line);
    },
  );

  await t.test("the settings of the shell reach the services", async () => {
    const read = () => statusOf(`${run.gateway}/config/my-parameter`);
    await read();
    const before = await ssmReads(run);
    await read();
    assert.equal((await ssmReads(run)) - before, 1, "each read asks AWS");
    assert.deepEqual(
      linesOf(run).filter(
        ({ level, service, audit }) => level === "info" && service !== "start" && !audit,
      ),
      [],
    );
  });

  await t.test("SIGINT stops everything and the run exits 0", () => assertStops(run, "SIGINT"));
});

test("a signal during start stops what has started, and the run exits 0", async (t) => {
  const run = await start(t);
  while (!(await isListening(run.ports.LOCAL_AWS_PORT))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await assertStops(run, "SIGTERM");
});

test("when a service dies the run says which, stops the rest and exits 1", async (t) => {
  const run = await start(t, ["--only=aux"]);
  await run.ready();
  const pid = await processOn(run, "aux");
  process.kill(pid, "SIGKILL");
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /aux has ended \(SIGKILL\)/);
  assert.equal(await isListening(run.ports.LOCAL_AWS_PORT), false);
});

test("when the run itself is killed its services stop by themselves", async (t) => {
  const run = await start(t);
  await run.ready();
  const pids = [await processOn(run, "aux"), await processOn(run, "gateway")];
  run.process.kill("SIGKILL");
  await run.exit();
  const end = Date.now() + 20_000;
  for (const port of Object.values(run.ports)) {
    while (await isListening(port)) {
      assert.ok(Date.now() < end, `port ${port} still answers`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  for (const pid of pids) {
    while (isAlive(pid)) {
      assert.ok(Date.now() < end, `process ${pid} is still there`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

test("taken ports are one message with one line that moves them all, and the run exits 1", async (t) => {
  // where no connection of a neighbour comes by chance
  const base = 20_000 + 20 * Math.floor(Math.random() * 400);
  const names = Object.keys(await freePorts());
  const ports = Object.fromEntries(names.map((name, index) => [name, String(base + index)]));
  const { AUX_PORT = "", GATEWAY_METRICS_PORT = "" } = ports;
  // localhost is either address to a client, where there are two
  const addresses = Object.values(networkInterfaces()).flatMap((known) => known ?? []);
  const hasTwo = addresses.some(({ address }) => address === "::1");
  for (const [port, host] of [
    [AUX_PORT, "127.0.0.1"],
    [GATEWAY_METRICS_PORT, hasTwo ? "::1" : "127.0.0.1"],
  ] as const) {
    const blocker = createServer().listen(Number(port), host);
    await once(blocker, "listening");
    t.after(() => blocker.close());
  }
  const run = await start(t, ["--only=pair"], {}, ports);
  assert.equal(await run.exit(), 1);
  const [told, line, ...more] = run.stderr().trimEnd().split("\n");
  assert.match(told ?? "", new RegExp(`^Ports ${AUX_PORT}, ${GATEWAY_METRICS_PORT} are taken\\.`));
  const offset = /^ {2}PORT_OFFSET=(\d+) pnpm start --only=pair$/.exec(line ?? "")?.[1];
  assert.ok(offset, run.stderr());
  assert.deepEqual(more, []);
  const moved = await start(t, ["--only=pair"], { PORT_OFFSET: offset }, ports);
  await moved.ready();
  assert.equal(await statusOf(`http://127.0.0.1:${Number(AUX_PORT) + Number(offset)}/readyz`), 200);
});

test("a setting that is wrong is the service's to tell, in its words", async (t) => {
  const run = await start(t, ["--only=gateway"], { GATEWAY_AUTH: "keys" });
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /gateway: +GATEWAY_AUTH: must be one of none, jwt, api-key/);
});

test("--help explains itself, --only takes what it names, anything else exits 2", async (t) => {
  const help = await start(t, ["--help"]);
  assert.equal(await help.exit(), 0);
  for (const word of [
    "--only",
    "--watch",
    "--reset",
    "GATEWAY_PORT",
    "JOBS_METRICS_PORT",
    "PROCESSOR_PORT",
    "PROCESSOR_METRICS_PORT",
    "LOCAL_KUBERNETES_PORT",
    "Ctrl-C",
  ]) {
    assert.ok(help.stdout().includes(word), word);
  }
  const unknown = await start(t, ["--colour"]);
  assert.equal(await unknown.exit(), 2);
  const wrong = await start(t, ["--only=everything"]);
  assert.equal(await wrong.exit(), 2);
  assert.match(wrong.stderr(), /--only takes all, pair, aux, jobs, processor, gateway/);
  const reset = await start(t, ["--only=gateway", "--reset"]);
  assert.equal(await reset.exit(), 2);
  assert.match(reset.stderr(), /--reset empties what is kept, and this run keeps nothing/);
  const seed = await start(t, ["--only=gateway", "--seed=."]);
  assert.equal(await seed.exit(), 2);
  assert.match(seed.stderr(), /--seed is for the stand-in, which this run has not/);
});

test("--only=gateway runs one service", async (t) => {
  const run = await start(t, ["--only=gateway"]);
  await run.ready();
  assert.equal(await isListening(run.ports.GATEWAY_PORT), true);
  assert.equal(await isListening(run.ports.AUX_PORT), false);
  assert.equal(await isListening(run.ports.LOCAL_AWS_PORT), false);
});

test("--layer-auth=sigv4: reads, lists, 64 MiB and waits go by the execution API; aux and it answer the gateway only; SIGTERM stops everything and the run exits 0", async (t) => {
  const run = await start(t, ["--layer-auth=sigv4", "--only=pair"]);
  await run.ready();
  const big = { bucket: "airlock-data-dev", key: "big", size: 64 * 2 ** 20 };
  const body = JSON.stringify(big);
  const put = await fetch(`${run.localAws}/_control/objects`, { method: "POST", body });
  const { sha256 } = (await put.json()) as { sha256: string };
  const get = (path: string, headers = {}) => fetch(run.gateway + path, { headers });
  const value = await get("/config/my-parameter");
  assert.equal(value.status, 200, await value.text());
  const etag = value.headers.get("etag") ?? "";
  const [list, object, wait] = await Promise.all([
    get("/config"),
    get("/storage/airlock-data-dev/big"),
    get("/config/my-parameter?wait=1s", { "if-none-match": etag }),
  ]);
  assert.deepEqual([list.status, object.status, wait.status], [200, 200, 304]);
  const bytes = Buffer.from(await object.arrayBuffer());
  assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256);
  const invoked = await (await fetch(`${run.localAws}/_control/calls?list=1`)).json();
  const calls = (invoked as { list: { operation: string; principalArn?: string }[] }).list;
  const ofApi = calls.filter(({ operation }) => operation === "Invoke");
  assert.ok(ofApi.length >= 4, JSON.stringify(ofApi));
  for (const call of ofApi) {
    assert.match(call.principalArn ?? "", /assumed-role\/airlock-gateway-role-dev\/gateway/);
  }
  for (const path of ["/parameters/my-parameter", "/s3/buckets", "/version"]) {
    assert.equal((await fetch(run.aux + path)).status, 401, path);
  }
  const unsigned = await fetch(`${run.localAws}/execute-api/prod/parameters/my-parameter`);
  assert.equal(unsigned.headers.get("x-amzn-errortype"), "MissingAuthenticationTokenException");
  assert.match(run.stderr(), /issuer +http:\/\/localhost/);
  assert.match(run.stderr(), /aux-lambda +http:\/\/localhost:\d+\/execute-api\/prod/);
  await assertStops(run, "SIGTERM");
});

test("dev --aws without usable credentials says so and exits 1", async (t) => {
  const run = await start(t, ["--aws", "--only=pair"], {
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /No usable AWS credentials/);
});

async function assertStops(run: Run, signal: NodeJS.Signals): Promise<void> {
  run.process.kill(signal);
  assert.equal(await run.exit(), 0, run.stderr());
  for (const port of Object.values(run.ports)) assert.equal(await isListening(port), false, port);
}

/** How often SSM was asked for values so far. */
async function ssmReads(run: Run): Promise<number> {
  const counts = await (await fetch(`${run.localAws}/_control/calls`)).json();
  return (counts as { byOperation: Record<string, number> }).byOperation["ssm.GetParameters"] ?? 0;
}

/** The fields of the run's own line. */
function lineOf(run: Run, msg: string | RegExp): Record<string, unknown> {
  const lines = linesOf(run).filter(({ service }) => service === "start");
  const found = lines.find((line) =>
    typeof msg === "string" ? line.msg === msg : msg.test(String(line.msg)),
  );
  assert.ok(found, run.stdout());
  return found;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The process id of a service, from its log, which may come a moment after it is ready. */
async function processOn(run: Run, service: string): Promise<number> {
  for (;;) {
    for (const line of run.stdout().split("\n").slice(0, -1)) {
      const fields = JSON.parse(line);
      if (fields.service === service && fields.msg === "listening") return fields.pid;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
