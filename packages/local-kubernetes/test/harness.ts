/** A stand-in for one test, and calls to it as a client makes them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type LocalKubernetesOptions, startLocalKubernetes } from "@airlock/local-kubernetes";

export const GPU = "nvidia.com/gpu";
const LIMIT_MS = 10_000;

export interface Answer {
  readonly status: number;
  readonly body: PodBody;
}

/** As much of a pod, or of a Status, as tests look at. */
export interface PodBody {
  readonly kind: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
    readonly containerStatuses?: readonly { ready: boolean; state: ContainerState }[];
  };
}

export interface ContainerState {
  readonly waiting?: { reason: string; message?: string };
  readonly running?: object;
  readonly terminated?: { exitCode: number; reason: string };
}

export const node = (name: string, gpus = 2) => ({
  name,
  labels: { GpuType: "h100" },
  allocatable: { [GPU]: String(gpus) },
});

export async function start(t: TestContext, options: LocalKubernetesOptions = {}) {
  const local = await startLocalKubernetes({
    nodes: [node("n1"), node("n2")],
    retryMs: 20,
    ...options,
  });
  t.after(() => local.close());
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const root = path.startsWith("/apis/") ? "" : "/api/v1";
    const response = await fetch(local.url + root + path, {
      method,
      headers: { "content-type": type, connection: "close" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as PodBody };
  };
  const get = async (name: string) => (await call("GET", `/namespaces/jobs/pods/${name}`)).body;
  const log = async (name: string, query = "") =>
    (await fetch(`${local.url}/api/v1/namespaces/jobs/pods/${name}/log${query}`)).text();
  return {
    local,
    call,
    get,
    log,
    /** A pod of one container; without a script nothing runs in it. */
    async run(
      name: string,
      script: string | undefined,
      container: object = {},
      spec: object = {},
      labels: object = {},
    ) {
      const containers = [
        {
          name: "main",
          image: "example.com/image:1",
          ...(script !== undefined && { command: ["/bin/sh", "-c", script] }),
          ...container,
        },
      ];
      const pod = {
        metadata: { name, labels },
        spec: { restartPolicy: "Never", containers, ...spec },
      };
      const { status, body } = await call("POST", "/namespaces/jobs/pods", pod);
      assert.equal(status, 201, JSON.stringify(body));
      return body;
    },
    /** The pod once it is so. */
    until: (name: string, isSo: (pod: PodBody) => boolean) =>
      eventually(async () => {
        const pod = await get(name);
        return isSo(pod) ? pod : undefined;
      }),
    /** Its log once these words are in it. */
    logged: (name: string, words: string) =>
      eventually(async () => {
        const text = await log(name);
        return text.includes(words) ? text : undefined;
      }),
    gone: (name: string) =>
      eventually(async () => ((await get(name)).code === 404 ? true : undefined)),
  };
}

export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const endsAtMs = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endsAtMs) throw new Error(`not within ${LIMIT_MS / 1000} s`);
    await sleep(10);
  }
}

export const hasEnded = ({ status }: PodBody): boolean =>
  status.phase === "Succeeded" || status.phase === "Failed";

export const stateOf = ({ status }: PodBody): ContainerState =>
  status.containerStatuses?.[0]?.state ?? {};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
