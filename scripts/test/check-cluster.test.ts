/** `check:cluster` touches nothing but the cluster that its variable names, and leaves nothing there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NODE_COMPILE_CACHE, ROOT } from "./harness.ts";

/** Writes down how it was called; a token is what the test says. */
const kubectl = (token: string) => `#!/bin/sh
echo "$@ \${KUBECONFIG:+of the shell}" >>"$CALLS"
case "$*" in
  *"--raw /version"*) echo '{"gitVersion":"v0.0.0"}' ;;
  *"config view"*) echo '{"clusters":[{"cluster":{"server":"https://127.0.0.1:6443"}}]}' ;;
  *"--raw /.well-known"*) echo '{"issuer":"https://kubernetes.default.svc"}' ;;
  *"create token"*) ${token} ;;
esac
`;

async function start(t: TestContext, token: string, env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "airlock-check-"));
  t.after(() => rm(folder, { recursive: true }));
  const calls = join(folder, "calls");
  await writeFile(calls, "");
  await writeFile(join(folder, "kubectl"), kubectl(token));
  await chmod(join(folder, "kubectl"), 0o755);
  const run = spawn(
    process.execPath,
    ["--conditions=airlock-source", "scripts/src/check-cluster.ts", "issuer"],
    {
      cwd: ROOT,
      env: {
        PATH: `${folder}:/usr/bin:/bin`,
        NODE_COMPILE_CACHE,
        CALLS: calls,
        KUBECONFIG: "/shell",
        ...env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  run.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(run, "close").then(([code]) => code as number | null);
  const called = async () => (await readFile(calls, "utf8")).split("\n").slice(0, -1);
  return { run, ended, called, said: () => said };
}

test("without its variable it does not run, whatever KUBECONFIG says", async (t) => {
  const { ended, said, called } = await start(t, "exit 1");
  assert.equal(await ended, 0);
  assert.equal(said(), "not run: AIRLOCK_TEST_KUBECONFIG unset\n");
  assert.deepEqual(await called(), []);
});

test("without kubectl it does not run", async (t) => {
  const env = { AIRLOCK_TEST_KUBECONFIG: "/dev/null", PATH: "/nowhere" };
  const { ended, said } = await start(t, "exit 1", env);
  assert.equal(await ended, 0);
  assert.equal(said(), "not run: kubectl absent\n");
});

test("a kubeconfig that is not there is an error", async (t) => {
  const { ended, said } = await start(t, "exit 1", { AIRLOCK_TEST_KUBECONFIG: "/nowhere" });
  assert.equal(await ended, 1);
  assert.match(said(), /AIRLOCK_TEST_KUBECONFIG: there is no file \/nowhere/);
});

/** Only its path matters: nothing here reads it. */
const FILE = `${ROOT}package.json`;
const CLAIMS = Buffer.from('{"iss":"https://kubernetes.default.svc"}').toString("base64url");

for (const [outcome, token, code, line] of [
  ["succeeds", `echo a.${CLAIMS}.b`, 0, /issuer: kept/],
  ["finds a fault", "echo a.e30.b", 1, /issuer: BROKEN issuer/],
  [
    "breaks off",
    "echo no such account >&2; exit 1",
    1,
    /BROKEN runs to its end: .*no such account/,
  ],
] as const) {
  test(`a run that ${outcome} removes what it made, and exits ${code}`, async (t) => {
    const { ended, said, called } = await start(t, token, { AIRLOCK_TEST_KUBECONFIG: FILE });
    assert.equal(await ended, code, said());
    assert.match(said(), line);
    assertCleanedUp(await called());
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`a run that is interrupted by ${signal} removes what it made`, async (t) => {
    const { run, ended, said, called } = await start(t, "exec sleep 60", {
      AIRLOCK_TEST_KUBECONFIG: FILE,
    });
    const end = Date.now() + 20_000;
    while (!(await called()).some((call) => call.includes("create token"))) {
      assert.ok(Date.now() < end, said());
      await sleep(10);
    }
    run.kill(signal);
    assert.equal(await ended, 1, said());
    assert.match(said(), new RegExp(`${signal}: cleaning up`));
    assertCleanedUp(await called());
  });
}

function assertCleanedUp(calls: readonly string[]): void {
  const own = calls.filter((call) => !call.startsWith("version --client"));
  for (const call of own) {
    assert.ok(call.startsWith(`--kubeconfig=${FILE} `), call);
    assert.doesNotMatch(call, /of the shell/);
  }
  assert.match(own.at(-1) ?? "", /delete .*namespaces.* --selector=airlock\.example\.com\/check=/);
}
