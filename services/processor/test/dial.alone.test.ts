/** A pod's ports are dialled: what comes of a port that answers, of one that does not, and of a pod without an address. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startLocalKubernetes } from "@airlock/local-kubernetes";
import { ClusterError, createKubeCluster, keepAccess, type Pod } from "../src/cluster/index.ts";

const local = await startLocalKubernetes({ nodes: [{ name: "n1" }], sshd: "there is none" });
const cluster = createKubeCluster({
  access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
  namespace: "jobs",
});
after(async () => {
  await cluster.close();
  await local.close();
});

const code = "require('net').createServer((s) => s.pipe(s)).listen(8022, process.env.POD_IP)";
await cluster.create("pods", {
  metadata: { name: "echo" },
  spec: {
    containers: [
      {
        name: "main",
        image: "example.com/image:1",
        command: [process.execPath, "-e", code],
        env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
      },
    ],
  },
});

async function runningPod(): Promise<Pod> {
  for (let tries = 0; tries < 500; tries++) {
    const pod = await cluster.get("pods", "echo");
    if (pod?.status.phase === "Running") return pod;
    await sleep(10);
  }
  throw new Error("it does not run");
}

test("what is sent to a process of the pod comes back", async () => {
  const pod = await runningPod();
  for (let tries = 0; ; tries++) {
    // it listens a moment after it runs
    const socket = await cluster.dial(pod, 8022).catch((error: unknown) => {
      if (tries > 200) throw error;
    });
    if (!socket) {
      await sleep(20);
      continue;
    }
    socket.write("ping");
    const [data] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return assert.equal(data.toString(), "ping");
  }
});

const isKind = (kind: string) => (error: unknown) =>
  error instanceof ClusterError && error.kind === kind;

test("a port that nobody listens on, and a pod without an address, are told apart", async () => {
  const pod = await runningPod();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  const there = { ...pod, status: { ...pod.status, podIP: "127.0.0.1" } };
  await assert.rejects(cluster.dial(there, port), isKind("port_closed"));
  const nowhere = { ...pod, status: { ...pod.status, podIP: "" } };
  await assert.rejects(cluster.dial(nowhere, 8022), isKind("not_started"));
});

test("who no longer wants it says so", async () => {
  const pod = await runningPod();
  const reason = new Error("no longer");
  await assert.rejects(cluster.dial(pod, 8022, { signal: AbortSignal.abort(reason) }), reason);
});
