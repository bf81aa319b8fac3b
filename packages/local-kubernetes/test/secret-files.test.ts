/** Secrets that are mounted: files that follow a Secret once the pod has changed, and Jupyter, played while its switch is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, hasEnded, start, stateOf } from "./harness.ts";

const SPEC = {
  volumes: [{ name: "files", secret: { secretName: "files" } }],
};
const CONTAINER = { volumeMounts: [{ name: "files", mountPath: "/etc/airlock" }] };
const ask = (address: string, query: string, headers = {}) =>
  fetch(`http://${address}:8888/lab${query}`, {
    headers: { connection: "close", ...headers },
  }).then(
    async (answer) => `${answer.status} ${await answer.text()}`,
    () => "nobody",
  );

test("Jupyter is played while the file of its switch is there, for who has the token", async (t) => {
  // one that looks at once sees what was
  const { run, until, call, local } = await start(t, { secretDelayMs: 200 });
  const put = (stringData: object) =>
    call("PUT", "/namespaces/jobs/secrets/files", { metadata: { name: "files" }, stringData });
  const poke = (value: string) =>
    call("PATCH", "/namespaces/jobs/pods/box", { metadata: { annotations: { poke: value } } });
  await call("POST", "/namespaces/jobs/secrets", {
    metadata: { name: "files" },
    stringData: { a: "b" },
  });
  await run("box", undefined, CONTAINER, SPEC);
  const { status } = await until("box", (pod) => pod.status.phase === "Running");
  const address = status.podIP ?? "";
  assert.equal(await ask(address, "?token=t1"), "nobody");

  await put({ a: "b", jupyter_token: "t1" });
  await poke("1");
  assert.equal(await ask(address, "?token=t1"), "nobody", "the kubelet does not know of it yet");
  await new Promise((resolve) => setTimeout(resolve, 250));
  await poke("2");
  await eventually(async () => (/^200 /.test(await ask(address, "?token=t1")) ? true : undefined));
  assert.match(await ask(address, "?token=t1"), /^200 This is not Jupyter: .* the pod box,/);
  assert.match(await ask(address, "", { authorization: "token t1" }), /^200 /);
  for (const query of ["", "?token=", "?token=t2", "?token=t11"]) {
    assert.match(await ask(address, query), /^403 /, query);
  }

  await put({ a: "b" });
  await new Promise((resolve) => setTimeout(resolve, 250));
  await poke("3");
  await eventually(async () => ((await ask(address, "?token=t1")) === "nobody" ? true : undefined));
  assert.deepEqual(local.faults.list(), []);
});

test("a container whose Secret is not there yet waits, and starts once it is", async (t) => {
  const { run, until, call } = await start(t);
  await run("early", "true", CONTAINER, SPEC);
  const waiting = await until("early", ({ status: { phase } }) => phase === "Pending");
  assert.equal(stateOf(waiting).running, undefined);
  await call("POST", "/namespaces/jobs/secrets", {
    metadata: { name: "files" },
    stringData: { a: "b" },
  });
  assert.equal((await until("early", hasEnded)).status.phase, "Succeeded");
});
