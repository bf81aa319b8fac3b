/** A box behind gateway, jobs and processor, and ways to it: through `gpu-dev port-forward`, and directly. */
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSshd } from "@airlock/local-kubernetes";
import type { Stage } from "../scenario.ts";
import { freePort } from "./free-port.ts";
import { type JobsRig, startJobs } from "./jobs.ts";
import { startPlayedCluster } from "./jobs-cluster.ts";
import { addPerson } from "./jobs-people.ts";
import { type Environment, gpuDev, type Program, startGpuDev, startServer } from "./program.ts";
import type { ServiceProcess } from "./service-process.ts";

export interface Box {
  readonly rig: JobsRig;
  /** The services that a tunnel goes through, from the outside in. */
  readonly hops: readonly ServiceProcess[];
  /** Of a `gpu-dev`, which is logged in. */
  readonly env: Environment;
  readonly home: string;
  readonly jobId: string;
  readonly podName: string;
  readonly podIP: string;
  /** Of a byte server in the pod. */
  readonly port: number;
}

const HOURS = "2";

export interface BoxOptions {
  readonly servicesEnv?: Readonly<Record<string, string>>;
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  /** Clients ask the gateway itself, and that the first jobs. */
  readonly isDirect?: boolean;
}

export async function startBox(stage: Stage, options: BoxOptions = {}): Promise<Box> {
  const { servicesEnv = {}, gatewayEnv = {}, isDirect = true } = options;
  const cluster = await startPlayedCluster(stage, { nodes: 1 });
  const sshd = findSshd();
  const rig = await startJobs(stage, {
    replicas: 1,
    cluster,
    isDirect,
    jobsEnv: { ...servicesEnv, TUNNELS_PER_USER: "200" },
    gatewayEnv: { ...servicesEnv, ...gatewayEnv },
    processorEnv: {
      ...servicesEnv,
      ...(typeof sshd !== "string" && { SSH_USER: sshd.user }),
    },
  });
  const [jobs] = rig.replicas;
  if (!jobs || !rig.processor) throw new Error("no jobs, or no processor");
  const home = await mkdtemp(join(tmpdir(), "airlock-tunnel-home-"));
  stage.defer(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));
  const { key } = await addPerson(rig.db);
  const url = isDirect ? rig.gateway.url : rig.url;
  const env = { HOME: home, GPU_DEV_API_URL: url, GPU_DEV_API_KEY: key };
  const port = await freePort();
  const words = ["--hours", HOURS, "--image", "registry.example.com/box:1", "--port", `${port}`];
  const lines = await gpuDev(stage, ["reserve", ...words, "--json"], env);
  const job = JSON.parse(lines.trimEnd().split("\n").at(-1) ?? "");
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/${job.pod_name}`;
  const { status } = (await cluster.call("GET", path)) as { status: { podIP: string } };
  // another process than the job's, at its address
  await startServer(stage, "byte-server.ts", status.podIP, String(port));
  return {
    rig,
    hops: [rig.gateway, jobs, rig.processor],
    env,
    home,
    jobId: job.job_id,
    podName: job.pod_name,
    podIP: status.podIP,
    port,
  };
}

/** Ports of this machine that lead to the byte server. */
export interface Way {
  readonly port: number;
  /** Of the client's end, where it is gpu-dev. */
  readonly program?: Program;
}

export async function forwardTo(stage: Stage, { env, jobId, port }: Box): Promise<Way> {
  const program = startGpuDev(stage, ["port-forward", jobId, `0:${port}`], env);
  const [, local] = await program.printed(/^127\.0\.0\.1:(\d+) ->/);
  return { port: Number(local), program };
}

/** Through as many processes as a tunnel, each of which only passes bytes on. */
export async function relayTo(stage: Stage, { podIP, port }: Box, hops: number): Promise<Way> {
  let to: readonly string[] = [podIP, `${port}`];
  for (let n = 0; n < hops; n++) {
    to = ["127.0.0.1", `${await startServer(stage, "tcp-relay.ts", ...to)}`];
  }
  return { port: Number(to[1]) };
}

export const connectTo = (port: number, host = "127.0.0.1"): Socket =>
  connect({ port, host, noDelay: true }).on("error", () => {});

/** How many are connected to the byte server, and what those were given that it gives to. */
export async function tellOf({ podIP, port }: Box): Promise<{ open: number; given: number }> {
  const socket = connectTo(port, podIP);
  socket.write("tell\n");
  let text = "";
  for await (const part of socket) text += part;
  const [open = Number.NaN, given = 0] = text.split(" ").map(Number);
  return { open, given };
}

/** Tunnels that each service counts, from the outside in, and connections in the pod. */
export async function countHops(box: Box): Promise<readonly number[]> {
  const counted = box.hops.map((hop) =>
    hop.metric("airlock_http_requests_waiting", 'kind="tunnel"'),
  );
  return [...(await Promise.all(counted)), (await tellOf(box)).open];
}
