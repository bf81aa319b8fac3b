/** `start` with jobs: a database that is kept, guarded and emptied, and the printed way to a job. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { exportCredentials, jobsSteps } from "../src/start/jobs-steps.ts";
import { isListening, ROOT, type Run, start, statusOf } from "./harness.ts";

const folder = await mkdtemp(join(tmpdir(), "airlock-start-jobs-"));
// root's Postgres runs as another user, who has to reach its own folder
await chmod(folder, 0o711);
after(() => rm(folder, { recursive: true, force: true }));
const POSTMASTER = join(folder, "postgres/data/postmaster.pid");

/** What a shell prints that is given the lines of the banner. */
async function inShell(run: Run, lines: readonly string[]): Promise<string> {
  for (const line of lines) assert.ok(run.stderr().includes(line), run.stderr());
  const { stdout } = await promisify(execFile)("sh", ["-c", lines.join("\n")]);
  return stdout;
}

/** @returns the report of the acceptance tests, run as somebody else would: by addresses and credentials. */
async function accept(run: Run): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const tests = spawn(process.execPath, ["--test", "acceptance/*.test.ts"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? "",
      BASE_URL: run.gateway,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report = text(tests.stdout);
  const [code] = await once(tests, "close");
  assert.equal(code, 0, await report);
  return report;
}

test("the printed lines log in, submit and list; acceptance passes; a second start is refused; a signal stops all", async (t) => {
  // a minute's logins of many people in a few seconds
  const run = await start(t, [], { DATA_FOLDER: folder, LOGIN_RATE_PER_MINUTE: "1000" });
  await run.ready();
  const steps = jobsSteps(Number(run.ports.GATEWAY_PORT));
  const printed = await inShell(run, [exportCredentials(), ...steps]);
  assert.match(printed, /"status":"queued".*"jobs":\[\{.*"gpu_type":"h100".*"total":1/s);
  const keys = join(folder, "env-vars-keys");
  assert.match(await readFile(keys, "utf8"), /^local:[A-Za-z0-9+/]{43}=\n$/);
  assert.equal((await stat(keys)).mode & 0o777, 0o600);

  assert.match(await accept(run), /(pass|pass:?) [1-9]\d/);

  const second = await start(t, [], { DATA_FOLDER: folder });
  assert.equal(await second.exit(), 1);
  assert.match(second.stderr(), /postgres is in use by process \d+; .*--only=pair/);
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

test("--reset begins anew; with --layer-auth jobs answers the gateway only; without Postgres the run ends", async (t) => {
  const run = await start(t, ["--reset", "--layer-auth"], { DATA_FOLDER: folder });
  await run.ready();
  const [login = "", , list = ""] = jobsSteps(Number(run.ports.GATEWAY_PORT));
  const printed = await inShell(run, [exportCredentials(), login, list]);
  assert.match(printed, /"jobs":\[\],"total":0/);
  assert.equal(await statusOf(`${run.jobs}/v1/jobs`), 401);
  assert.equal(await statusOf(`${run.jobs}/readyz`), 200);

  const [pid] = (await readFile(POSTMASTER, "utf8")).split("\n");
  process.kill(Number(pid), "SIGKILL");
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /Postgres has ended/);
  assert.equal(await isListening(run.ports.GATEWAY_PORT), false);
});
