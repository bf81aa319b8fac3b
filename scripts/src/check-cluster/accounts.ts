/** Service accounts of a run and their tokens, in files that are kept as the kubelet keeps them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepTokenFile } from "@airlock/local-issuer";
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { Cluster } from "./cluster.ts";

const NAMES = ["gateway", "stranger", "reader"] as const;
export type AccountName = (typeof NAMES)[number];

export interface Accounts {
  /** A folder that is removed with the step. */
  readonly folder: string;
  /** The gateway's tokens, by audience. */
  readonly tokenFiles: { readonly aux: string; readonly jobs: string };
  /** A token for the API server itself. */
  readonly readerTokenFile: string;
  subjectOf(name: AccountName): string;
  token(name: AccountName, audiences: readonly string[], seconds?: number): Promise<string>;
  /** Puts new tokens into all files. */
  renew(): Promise<void>;
}

const TOKEN_SECONDS = 3600;

export async function createAccounts(cluster: Cluster, stage: Stage): Promise<Accounts> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-check-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const namespace = await cluster.namespace("identity");
  for (const name of NAMES) await cluster.serviceAccount(namespace, name);
  const token: Accounts["token"] = (serviceAccount, audiences, seconds = TOKEN_SECONDS) =>
    cluster.token({ namespace, serviceAccount, audiences, seconds });
  const keep = async (folderName: string, name: AccountName, audiences: readonly string[]) => {
    // a folder each, as each is a volume of its own to the kubelet
    const path = join(folder, folderName, "token");
    const kept = await keepTokenFile(path, () => token(name, audiences), TOKEN_SECONDS);
    stage.defer(() => kept.close());
    return { path, kept };
  };
  const aux = await keep("aux", "gateway", ["aux"]);
  const jobs = await keep("jobs", "gateway", ["jobs"]);
  const reader = await keep("reader", "reader", []);
  return {
    folder,
    tokenFiles: { aux: aux.path, jobs: jobs.path },
    readerTokenFile: reader.path,
    subjectOf: (name) => `system:serviceaccount:${namespace}:${name}`,
    token,
    async renew() {
      for (const { kept } of [aux, jobs, reader]) await kept.renew();
    },
  };
}
