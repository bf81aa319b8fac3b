/** The cluster under check: its API server, namespaces that are removed again, and tokens. */
import { randomBytes } from "node:crypto";
import type { Kubectl } from "./kubectl.ts";

/** What a run has made carries this label with the run's id, and is removed by it. */
export const RUN_LABEL = "airlock.example.com/check";

export interface Cluster {
  readonly kubectl: Kubectl;
  /** The file that says where it is. */
  readonly kubeconfig: string;
  /** Of this run; in names and in the label. */
  readonly runId: string;
  /** Makes a namespace that nobody else has, and returns its name. It is gone after the step. */
  namespace(purpose: string): Promise<string>;
  /** Makes a service account. */
  serviceAccount(namespace: string, name: string): Promise<void>;
  /** A token by TokenRequest; without audiences it is one for the API server. */
  token(of: TokenRequest): Promise<string>;
  /** Removes everything that carries the run's label. */
  cleanUp(): Promise<void>;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audiences: readonly string[];
  /** 3600 unless said; API servers give no less than 600. */
  readonly seconds?: number;
}

/** Kinds without a namespace that a step may make under the label, beside namespaces. */
const CLUSTER_KINDS =
  "namespaces,clusterroles,clusterrolebindings,nodes,persistentvolumes,storageclasses,customresourcedefinitions";

export function openCluster(kubectl: Kubectl, kubeconfig: string): Cluster {
  const runId = randomBytes(3).toString("hex");
  return {
    kubectl,
    kubeconfig,
    runId,
    async namespace(purpose) {
      const name = `airlock-check-${runId}-${purpose}`;
      const metadata = { name, labels: { [RUN_LABEL]: runId } };
      const input = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata });
      await kubectl(["create", "-f", "-"], { input });
      return name;
    },
    async serviceAccount(namespace, name) {
      await kubectl(["create", "serviceaccount", name, `--namespace=${namespace}`]);
    },
    async token({ namespace, serviceAccount, audiences, seconds = 3600 }) {
      const said = await kubectl([
        "create",
        "token",
        serviceAccount,
        `--namespace=${namespace}`,
        `--duration=${seconds}s`,
        ...audiences.map((audience) => `--audience=${audience}`),
      ]);
      return said.trim();
    },
    async cleanUp() {
      const selector = `--selector=${RUN_LABEL}=${runId}`;
      // not the run's signal: this is what an interrupted run does last
      const { signal } = new AbortController();
      await kubectl(["delete", CLUSTER_KINDS, selector, "--wait", "--timeout=90s"], { signal });
    },
  };
}
