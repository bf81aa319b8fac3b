/** Ports of pods: Services of type NodePort listen on this machine, and a pod's port for SSH is answered by an sshd. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "./harness.ts";

const folder = await mkdtemp(join(tmpdir(), "airlock-fake-sshd-"));
await chmod(folder, 0o755);
after(() => rm(folder, { recursive: true, force: true }));
const sshd = join(folder, "sshd");
/** Says what an sshd would read, and stays. */
const FAKE = `#!/bin/sh
folder=$(dirname "$3")
cat "$folder/host_key" "$folder/authorized_keys"
. "$folder/environment"
echo "words: $WORDS"
read -r line
echo "heard $line"
read -r line
`;
await writeFile(sshd, FAKE);
await chmod(sshd, 0o755);
const program = { sshd, sftpServer: undefined, user: "dev", nssWrapper: undefined };

const base64 = (text: string) => Buffer.from(text).toString("base64");
const secretOf = (authorizedKeys: string) => ({
  metadata: { name: "files" },
  data: { ssh_host_ed25519_key: base64("host key\n"), authorized_keys: base64(authorizedKeys) },
});
const serviceOf = (name: string, port: number) => ({
  metadata: { name },
  spec: { type: "NodePort", selector: { app: "box" }, ports: [{ port }] },
});
const BOX = {
  container: {
    ports: [{ name: "ssh", containerPort: 2222 }],
    env: [{ name: "WORDS", value: 'it\'s "$HOME"\n' }],
  },
  spec: { volumes: [{ name: "files", secret: { secretName: "files" } }] },
};

type World = Awaited<ReturnType<typeof start>>;
async function portOf({ call }: World, name: string): Promise<number> {
  const { status, body } = await call("GET", `/namespaces/jobs/services/${name}`);
  assert.equal(status, 200);
  const { ports } = body.spec as unknown as { ports: [{ nodePort: number }] };
  return ports[0].nodePort;
}

/** All that is said until it is silent or over. */
async function hear(port: number, say: string, host = "127.0.0.1"): Promise<string> {
  const socket = connect({ host, port });
  let heard = "";
  socket.on("data", (data) => (heard += data));
  socket.on("error", () => {});
  if (say) socket.write(say);
  const over = once(socket, "close").then(
    () => true,
    () => true,
  );
  for (let tries = 0; tries < 200 && !heard.includes("heard"); tries++) {
    if (await Promise.race([over, sleep(10, false)])) break;
  }
  socket.destroy();
  return heard;
}

async function openBox(world: World, keys: string): Promise<void> {
  await world.call("POST", "/namespaces/jobs/secrets", secretOf(keys));
  await world.call("POST", "/namespaces/jobs/services", serviceOf("ssh", 2222));
  const labels = { app: "box" };
  await world.run("box", "sleep 600", BOX.container, BOX.spec, labels);
  await world.until("box", ({ status }) => status.phase === "Running");
}

test("each connection to the node's port is one of sshd's, with the pod's keys as they are then", async (t) => {
  const world = await start(t, { sshd: program });
  await openBox(world, "key one\n");
  const port = await portOf(world, "ssh");
  const said = (keys: string) => `host key\n${keys}words: it's "$HOME"\n\nheard hello\n`;
  assert.equal(await hear(port, "hello\n"), said("key one\n"));
  await world.call("PUT", "/namespaces/jobs/secrets/files", secretOf("key one\nkey two\n"));
  // as a kubelet, which looks at Secrets when the pod has changed
  assert.equal(await hear(port, "hello\n"), said("key one\n"));
  const poke = { metadata: { annotations: { poke: "1" } } };
  await world.call("PATCH", "/namespaces/jobs/pods/box", poke);
  assert.equal(await hear(port, "hello\n"), said("key one\nkey two\n"));
  if (process.platform === "linux") {
    const { podIP } = (await world.get("box")).status;
    assert.equal(await hear(2222, "hello\n", podIP), said("key one\nkey two\n"));
  }
});

test("when the pod ends, so do its logins, and the port hands nothing on", async (t) => {
  const world = await start(t, { sshd: program });
  await openBox(world, "key\n");
  const port = await portOf(world, "ssh");
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "data");
  const over = once(socket, "close");
  await world.call("DELETE", "/namespaces/jobs/pods/box", { gracePeriodSeconds: 0 });
  await over;
  assert.equal(await hear(port, "hello\n"), "");
  await world.call("DELETE", "/namespaces/jobs/services/ssh");
  const closed = connect({ host: "127.0.0.1", port });
  const [error] = (await once(closed, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");
});

test("no two Services have a port together", async (t) => {
  const world = await start(t, { sshd: program });
  for (let count = 0; count < 40; count++) {
    await world.call("POST", "/namespaces/jobs/services", serviceOf(`s${count}`, 2222));
  }
  const names = Array.from({ length: 40 }, (_, count) => `s${count}`);
  const ports = await Promise.all(names.map((name) => portOf(world, name)));
  assert.equal(new Set(ports).size, 40);
  assert.ok(ports.every((port) => port >= 30_000 && port <= 32_767));
});

test("where there is no sshd, the log says so, and a connection ends at once", async (t) => {
  const world = await start(t, { sshd: "this machine has no sshd (install OpenSSH's server)" });
  await openBox(world, "key\n");
  const [, second] = (await world.log("box")).split("\n");
  assert.equal(
    second,
    "airlock: nobody can log in: this machine has no sshd (install OpenSSH's server)",
  );
  assert.equal(await hear(await portOf(world, "ssh"), "hello\n"), "");
});
