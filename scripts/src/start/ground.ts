/** Makes ready what the processes of a run stand on; each costly part is loaded where a run has it. */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { claim } from "./claim.ts";
import type { DataFolder } from "./data-folder.ts";
import type { JobsData } from "./jobs-data.ts";
import { hasDatabase, hasProcessor, hasStandIn, type StartOptions } from "./options.ts";
import type { Output } from "./output.ts";
import type { Ground } from "./plan.ts";
import type { Ports } from "./ports.ts";
import type { Processes } from "./processes.ts";
import { keepSessions, type Sessions } from "./sessions.ts";
import { openStandInData } from "./stand-in-data.ts";

export interface GroundOptions {
  readonly options: StartOptions;
  readonly shell: NodeJS.ProcessEnv;
  /** How the run was called. */
  readonly again: string;
  readonly output: Output;
  /** Closes what is opened here, after the processes that use it. */
  readonly processes: Processes;
}

export interface Prepared {
  readonly ground: Ground;
  /** The run's own. */
  readonly database: Promise<JobsData> | undefined;
  readonly sessions: Sessions | undefined;
}

/** @throws Error that says in a sentence what a run cannot have. */
export async function prepareGround(all: GroundOptions): Promise<Prepared> {
  const { options, shell, again, output, processes } = all;
  const { ports, folder, place, standInIsThere } = await claim({ options, shell, again });
  if (folder) await processes.open(Promise.resolve(folder));
  const hasOwnStandIn = folder && hasStandIn(options) && !standInIsThere;
  const volumes = join(resolve(place), "disks");
  // a database that is empty knows nothing of them
  if (options.reset && hasDatabase(options)) await rm(volumes, { recursive: true, force: true });
  const database = folder && hasDatabase(options) ? openDatabase(folder, ports, all) : undefined;
  const elsewhere = options.only === "processor" ? await findDatabase(place) : undefined;
  // it opens while the first processes start, and a run without it need not wait for them
  database?.catch((error: Error) => processes.fail(error.message));
  return {
    ground: {
      ports,
      shell,
      standInIsThere,
      realAccount: options.useRealAws ? await realAccountOf(shell, output) : undefined,
      cluster: options.layerAuth ? await processes.open(openCluster()) : undefined,
      standInData: hasOwnStandIn ? await openStandInData(folder, options, output) : undefined,
      database: database ?? (elsewhere && Promise.resolve(elsewhere)),
      volumes,
      kubeconfig: hasProcessor(options) ? join(resolve(place), "kubeconfig.yaml") : undefined,
    },
    database,
    sessions:
      folder && hasStandIn(options) ? await keepSessions(folder, ports.LOCAL_AWS_PORT) : undefined,
  };
}

async function realAccountOf(shell: NodeJS.ProcessEnv, output: Output) {
  const { describeRealAws } = await import("./real-aws.ts");
  const { account, text } = await describeRealAws(shell);
  output.say(text);
  return account;
}

async function openCluster() {
  const { playCluster } = await import("./local-cluster.ts");
  return playCluster();
}

async function openDatabase(
  folder: DataFolder,
  ports: Ports,
  { options, shell, processes }: GroundOptions,
) {
  const { openJobsData } = await import("./jobs-data.ts");
  return openJobsData({ folder, ports, shell, reset: options.reset, processes });
}

/** That of a run beside this one, which has jobs. */
async function findDatabase(place: string) {
  const { findJobsData } = await import("./jobs-data.ts");
  return findJobsData(place);
}
