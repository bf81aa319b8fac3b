/** Commands of pods run as processes of this machine, and their ends are told as a kubelet tells them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, hasEnded, isAlive, start, stateOf } from "./harness.ts";

test("a command runs: its output is the log, its end is the pod's", async (t) => {
  const { run, until, log } = await start(t);
  await run("fine", "echo out; echo err >&2");
  await run("broken", "echo last words; exit 3");
  assert.equal((await until("fine", hasEnded)).status.phase, "Succeeded");
  const [first, ...lines] = (await log("fine")).trimEnd().split("\n");
  assert.match(
    first ?? "",
    /^airlock: the image example\.com\/image:1 is not run here: its command runs/,
  );
  assert.deepEqual(lines.sort(), ["err", "out"]);
  const broken = await until("broken", hasEnded);
  assert.equal(broken.status.phase, "Failed");
  assert.partialDeepStrictEqual(stateOf(broken).terminated, { exitCode: 3, reason: "Error" });
  assert.match(await log("broken"), /last words/);
});

test("a pod is ready when it runs, and has an address of loopback", async (t) => {
  const { run, until } = await start(t);
  await run("box", undefined);
  const pod = await until("box", ({ status }) => status.containerStatuses?.[0]?.ready === true);
  assert.equal(pod.status.phase, "Running");
  assert.match(pod.status.podIP ?? "", /^127\./);
  assert.equal(pod.status.conditions?.find(({ type }) => type === "Ready")?.status, "True");
});

test("it has its own variables, a home of its own, and nothing of this process", async (t) => {
  process.env.AWS_SECRET_ACCESS_KEY = "planted";
  process.env.HTTPS_PROXY = "http://planted.example.com";
  t.after(() => {
    delete process.env.AWS_SECRET_ACCESS_KEY;
    delete process.env.HTTPS_PROXY;
  });
  const { run, until, log, call } = await start(t);
  const words = '\'; echo broken "$(x)"\n`é`';
  const env = [
    { name: "PLAIN", value: words },
    { name: "BASE", value: "a" },
    { name: "MADE", value: "$(BASE)b $$(BASE) $(ABSENT)" },
    { name: "HIDDEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    { name: "WHERE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
  ];
  await call("POST", "/namespaces/jobs/secrets", {
    metadata: { name: "s" },
    stringData: { k: words },
  });
  const script =
    'printf "%s|%s|%s|%s\\n" "$PLAIN" "$MADE" "$HIDDEN" "$WHERE"; env; touch "$HOME/x"';
  await run("vars", script, { env });
  const { spec } = await until("vars", hasEnded);
  const said = await log("vars");
  assert.ok(said.includes(`${words}|ab $(BASE) $(ABSENT)|${words}|${spec.nodeName}\n`), said);
  assert.doesNotMatch(said, /planted/);
  const home = /^HOME=(.+)$/m.exec(said)?.[1] ?? "";
  assert.notEqual(home, process.env.HOME);
  assert.match(home, /airlock-pods-/);
});

test("as root it runs as nobody", async (t) => {
  const { run, until, log } = await start(t);
  await run("who", "id -u");
  await until("who", hasEnded);
  const own = process.getuid?.() ?? 0;
  assert.match(await log("who"), new RegExp(`^${own === 0 ? 65_534 : own}$`, "m"));
});

test("a Secret that is not there is waited for, and the wait is told", async (t) => {
  const { run, until, call } = await start(t);
  const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "late", key: "k" } } }];
  await run("waits", "true", { env });
  const waiting = await until("waits", (pod) => stateOf(pod).waiting?.message !== undefined);
  assert.deepEqual(stateOf(waiting).waiting, {
    reason: "CreateContainerConfigError",
    message: 'secret "late" not found',
  });
  await call("POST", "/namespaces/jobs/secrets", {
    metadata: { name: "late" },
    stringData: { k: "" },
  });
  assert.equal((await until("waits", hasEnded)).status.phase, "Succeeded");
});

test("a deleted pod is asked to end, and has the time that it was given", async (t) => {
  const { run, call, logged, until, gone } = await start(t);
  const { metadata } = await run(
    "polite",
    "trap 'echo asked; exit 7' TERM; echo up; while :; do sleep 0.05; done",
  );
  await logged("polite", "up");
  const options = { preconditions: { uid: metadata.uid }, gracePeriodSeconds: 30 };
  const { body } = await call("DELETE", "/namespaces/jobs/pods/polite", options);
  assert.ok(body.metadata.deletionTimestamp);
  await gone("polite");

  await run("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done");
  await logged("deaf", "up");
  await call("DELETE", "/namespaces/jobs/pods/deaf", { gracePeriodSeconds: 1 });
  assert.equal((await until("deaf", () => true)).status.phase, "Running");
  await gone("deaf");
});

test("what a command leaves behind ends with it, in its group or out of it", async (t) => {
  const { run, until, log } = await start(t);
  await run("parent", "sleep 600 & echo pid $!; setsid sleep 600 & echo pid $!; sleep 0.2");
  await until("parent", hasEnded);
  const pids = [...(await log("parent")).matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));
  assert.equal(pids.length, 2);
  await eventually(async () => (pids.some(isAlive) ? undefined : true));
});

test("a deadline, memory and eviction end a pod in a kubelet's words", async (t) => {
  const { run, until, local } = await start(t);
  await run(
    "late",
    "sleep 600",
    {},
    { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 1 },
  );
  await run("big", "echo up; sleep 600");
  await run("moved", "echo up; sleep 600");
  for (const name of ["big", "moved"])
    await until(name, ({ status }) => status.phase === "Running");
  local.pods.outOfMemory("jobs", "big");
  local.pods.evict("jobs", "moved");
  const big = await until("big", hasEnded);
  assert.partialDeepStrictEqual(stateOf(big).terminated, { exitCode: 137, reason: "OOMKilled" });
  const moved = await until("moved", hasEnded);
  assert.equal(moved.status.reason, "Evicted");
  const late = await until("late", (pod) => stateOf(pod).terminated !== undefined);
  assert.equal(late.status.reason, "DeadlineExceeded");
  assert.equal(late.status.phase, "Failed");
});

test("images that do not come are told as the kubelet tells them, and come later", async (t) => {
  const { run, until, local } = await start(t);
  await run("odd", "true", { image: "Not An Image" });
  const odd = await until("odd", (pod) => stateOf(pod).waiting?.message !== undefined);
  assert.equal(stateOf(odd).waiting?.reason, "InvalidImageName");
  local.images.fail([
    { image: "example.com/secret:*", reason: "ErrImagePull", message: "401 Unauthorized" },
  ]);
  await run("pulls", "true", { image: "example.com/secret:1" });
  const backOff = await until(
    "pulls",
    (pod) => stateOf(pod).waiting?.reason === "ImagePullBackOff",
  );
  assert.equal(stateOf(backOff).waiting?.message, "401 Unauthorized");
  local.images.fail([]);
  assert.equal((await until("pulls", hasEnded)).status.phase, "Succeeded");
});

test("of a lost node nothing is heard until it is found, and nothing is ended there", async (t) => {
  const { run, until, local, get, call, gone } = await start(t, { nodes: [{ name: "only" }] });
  const tolerations = [{ operator: "Exists" }];
  await run("far", "sleep 0.3; exit 5", {}, { tolerations });
  const { metadata } = await run("deleted", "sleep 600", {}, { tolerations });
  for (const name of ["far", "deleted"])
    await until(name, ({ status }) => status.phase === "Running");
  local.nodes.lose("only");
  await call("DELETE", "/namespaces/jobs/pods/deleted", {});
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal((await get("far")).status.phase, "Running");
  assert.equal((await get("deleted")).metadata.uid, metadata.uid);
  assert.equal((await call("GET", "/namespaces/jobs/pods/far/log")).status, 500);
  local.nodes.find("only");
  assert.partialDeepStrictEqual(stateOf(await until("far", hasEnded)).terminated, { exitCode: 5 });
  await gone("deleted");
});

test("a node that is lost is left by pods that do not bear it, once their time is over", async (t) => {
  const { run, until, local } = await start(t, { nodes: [{ name: "only" }] });
  const tolerations = [
    {
      key: "node.kubernetes.io/unreachable",
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 0,
    },
  ];
  await run("leaves", "sleep 600", {}, { tolerations });
  await run("stays", "sleep 600", {}, { tolerations: [{ operator: "Exists" }] });
  for (const name of ["leaves", "stays"])
    await until(name, ({ status }) => status.phase === "Running");
  local.nodes.lose("only");
  // on its way out for as long as nobody hears of the node
  await until("leaves", ({ metadata }) => metadata.deletionTimestamp !== undefined);
  assert.equal((await until("stays", () => true)).metadata.deletionTimestamp, undefined);
});
