/** Plays the kubelet of every pod of a namespace: pods run, and end as their images say. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Pod } from "../../../services/processor/src/cluster/index.ts";
import type { ContractWorld } from "../../../services/processor/test/cluster-contract/contract-world.ts";

export interface KubeletByImages {
  /** The name of each pod that it has heard of, once for each uid. */
  readonly made: readonly string[];
}

/** An image `…/exits-3:1` ends so a moment after it has begun; others run until they are deleted. */
const EXITS = /\/exits-(\d+):/;
const RUN_MS = 100;

/** @param cluster is in the namespace; it stops with that one's end. */
export function playKubeletByImages(cluster: Cluster, raw: ContractWorld["raw"]): KubeletByImages {
  const made: string[] = [];
  const seen = new Set<string>();
  const begun = new Set<string>();
  const at = (name: string) => `/api/v1/namespaces/${cluster.namespace}/pods/${name}`;

  const tell = ({ metadata, spec }: Pod, phase: string, state: object) => {
    const ready = phase === "Running";
    const lastTransitionTime = new Date().toISOString();
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }];
    const containerStatuses = spec.containers.map(({ name, image }) => ({
      ...{ name, image, imageID: image, ready, restartCount: 0, state },
    }));
    const status = { phase, hostIP: "10.0.0.1", conditions, containerStatuses };
    const { uid } = metadata;
    return raw("PATCH", `${at(metadata.name)}/status`, { metadata: { uid }, status });
  };
  const run = async (pod: Pod) => {
    await tell(pod, "Running", { running: { startedAt: new Date().toISOString() } });
    const [, code] = pod.spec.containers.map(({ image }) => EXITS.exec(image)).find(Boolean) ?? [];
    if (code === undefined) return;
    await sleep(RUN_MS);
    const [phase, reason] = code === "0" ? ["Succeeded", "Completed"] : ["Failed", "Error"];
    await tell(pod, phase, { terminated: { exitCode: Number(code), reason } });
  };
  const look = async (pod: Pod) => {
    const { name, uid, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName === "") return;
    if (deletionTimestamp !== undefined) {
      await raw("DELETE", at(name), { gracePeriodSeconds: 0, preconditions: { uid } });
    } else if (!begun.has(uid)) {
      begun.add(uid);
      await run(pod);
    }
  };
  cluster.follow(
    "pods",
    {},
    {
      changed(pod) {
        const { name, uid } = pod.metadata;
        if (!seen.has(uid)) made.push(name);
        seen.add(uid);
        // it is gone, or another one by now
        look(pod).catch(() => {});
      },
      removed() {},
    },
  );
  return { made };
}
