/** The cluster that jobs run on in a scenario, as a process: its kubeconfig, its faults, and its own log of what was made. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Creation, FaultInput, RequestRecord } from "@airlock/local-kubernetes";
import type { Stage } from "../scenario.ts";
import { startProcess } from "./service-process.ts";
import { until } from "./waiting.ts";

export const NAMESPACE = "gpu-dev";

/** What processors run against, and what is to be seen of it afterwards. */
export interface JobsCluster {
  /** A file. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Of the nodes that it has. */
  readonly gpuType: string;
  /** The name of each pod that was ever made, once for each time. */
  madePods(): Promise<readonly string[]>;
  /** What is there now, whatever its kind: `kind/name`. */
  left(): Promise<readonly string[]>;
}

export interface PlayedJobsCluster extends JobsCluster {
  setFaults(faults: readonly FaultInput[]): Promise<void>;
  /** The last 1000. */
  requests(): Promise<readonly RequestRecord[]>;
  /** Whoever watches from where it was hears 410. */
  forgetChanges(): Promise<void>;
  /** A call of the API as the processor makes it. */
  call(method: string, path: string, body?: object): Promise<unknown>;
}

export interface PlayedNodes {
  readonly nodes: number;
  readonly gpusPerNode?: number;
}

const GPU_TYPE = "h100";
const KINDS = ["pods", "secrets", "services", "persistentvolumeclaims"] as const;

export async function startPlayedCluster(
  stage: Stage,
  { nodes, gpusPerNode = 8 }: PlayedNodes,
): Promise<PlayedJobsCluster> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-jobs-cluster-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, "kubeconfig");
  const all = Array.from({ length: nodes }, (_, index) => `n${index}=${GPU_TYPE}:${gpusPerNode}`);
  const env = {
    LOCAL_KUBERNETES_NODES: all.join(","),
    LOCAL_KUBERNETES_NAMESPACE: NAMESPACE,
    LOCAL_KUBERNETES_KUBECONFIG: kubeconfig,
  };
  const { url } = await startProcess(stage, "local-kubernetes", env, "/readyz");
  await until("its kubeconfig is written", () => existsSync(kubeconfig));
  const token = await tokenIn(kubeconfig);
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  return {
    kubeconfig,
    namespace: NAMESPACE,
    gpuType: GPU_TYPE,
    call,
    async madePods() {
      const made = await call("GET", "/_control/creations?kind=pods");
      return (made as { creations: Creation[] }).creations.map(({ name }) => name);
    },
    left: () => objectsIn(call, NAMESPACE),
    setFaults: async (faults) => void (await call("PUT", "/_control/faults", { faults })),
    async requests() {
      const said = await call("GET", "/_control/requests?list=1");
      return (said as { list: RequestRecord[] }).list;
    },
    forgetChanges: async () => void (await call("POST", "/_control/watches/forget", {})),
  };
}

/** What a namespace holds of the kinds that a job may have. */
export async function objectsIn(
  call: PlayedJobsCluster["call"],
  namespace: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const kind of KINDS) {
    const list = await call("GET", `/api/v1/namespaces/${namespace}/${kind}`);
    const { items } = list as { items: { metadata: { name: string } }[] };
    for (const { metadata } of items) found.push(`${kind}/${metadata.name}`);
  }
  return found;
}

/** The stand-in writes it as JSON, which is YAML too. */
async function tokenIn(kubeconfig: string): Promise<string> {
  const { users } = JSON.parse(await readFile(kubeconfig, "utf8"));
  return users[0].user.token;
}
