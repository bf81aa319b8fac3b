/** What is asked of a job that runs: what it needs is got and noted in the row; when its box has it, its owner is told. */
import { randomBytes } from "node:crypto";
import {
  endTasks,
  type JobChanges,
  listBegunTasks,
  beginTask as noteBegun,
  putOffJob,
  putOffTask,
  type TaskRow,
} from "@airlock/jobs-store";
import { KeysUnavailable, NoSuchKeys } from "../access/user-keys.ts";
import { ClusterError } from "../cluster/index.ts";
import { JUPYTER_PORT } from "../pod/box.ts";
import { ownerOf, readFiles } from "./box-files.ts";
import { type Hold, move } from "./hold.ts";
import type { MakePodDeps } from "./make-pod.ts";
import { closeNodePort, openNodePort } from "./node-port.ts";

/** A task cannot be done; a sentence for whoever asked. */
class Refused extends Error {}

/** What a task needs that can be had any moment is tried for as long. */
const TRIED_SECONDS = 60;
const AGAIN_SECONDS = 5;
const TOKEN_BYTES = 32;

/** What is written when a task is begun. */
interface Begun {
  readonly set: JobChanges;
  readonly sshPublicKeys?: readonly string[];
}

/** @throws StoreError, LeaseLost. What goes wrong with the task is told to whoever asked for it. */
export async function beginTask(deps: MakePodDeps, hold: Hold): Promise<void> {
  const { store } = deps;
  const task = hold.job.next_task;
  if (task === null) return;
  try {
    if (hold.job.files_uid === null) {
      throw new Refused("The job was started by a version that could not do this; start it anew.");
    }
    const { set, sshPublicKeys } = await DO[task.kind](deps, hold, task);
    const event = { kind: "task_begun", actor: "processor", data: aboutOf(task) } as const;
    await store.transaction(async (transaction) => {
      await move(transaction, hold, {
        set: { ...set, filesChanged: true },
        dueInSeconds: 0,
        event,
      });
      await noteBegun(transaction, {
        taskId: task.task_id,
        ...(sshPublicKeys && { sshPublicKeys }),
      });
    });
  } catch (error) {
    const isRefused = error instanceof Refused || error instanceof NoSuchKeys;
    const isClusters = error instanceof ClusterError;
    if (!isRefused && !isClusters && !(error instanceof KeysUnavailable)) throw error;
    const isFinal =
      isRefused || (isClusters && error.isPermanent) || task.age_seconds > TRIED_SECONDS;
    if (isFinal) await refuse(deps, hold, task, error.message);
    else await putOff(deps, hold, task, error.message);
  }
}

const DO: {
  readonly [K in TaskRow["kind"]]: (deps: MakePodDeps, hold: Hold, task: TaskRow) => Promise<Begun>;
} = {
  async add_user({ access }, hold, { arguments: { github_username: user = "" } }) {
    if (access.userKeys === undefined) {
      throw new Refused("Keys of GitHub users are not looked up here.");
    }
    const found = await access.userKeys.of(user, hold.timeoutMs());
    if (found.length === 0) throw new Refused(`${user} shows no SSH keys there.`);
    return { set: {}, sshPublicKeys: found };
  },
  async jupyter_on({ store, cluster, sealer, access }, hold) {
    const files = await readFiles({ store }, hold);
    const owner = ownerOf(hold, files);
    const port = access.hasNodePorts
      ? await openNodePort(cluster, "jupyter", owner, hold)
      : JUPYTER_PORT;
    const reservationId = hold.job.reservation_id;
    // on is on: whoever has its address keeps it
    const jupyterTokenSealed =
      files.jupyter_token_sealed ??
      sealer.seal(
        { reservationId, column: "jupyter_token" },
        randomBytes(TOKEN_BYTES).toString("hex"),
      );
    return {
      set: { jupyterEnabled: true, jupyterPort: port, jupyterTokenSealed, jupyterError: null },
    };
  },
  async jupyter_off({ store, cluster, access }, hold) {
    const owner = ownerOf(hold, await readFiles({ store }, hold));
    if (access.hasNodePorts) await closeNodePort(cluster, "jupyter", owner, hold);
    return { set: { jupyterEnabled: false, jupyterError: null, ...NO_JUPYTER } };
  },
};

/** A job that has none. */
export const NO_JUPYTER = {
  jupyterUrl: null,
  jupyterPort: null,
  jupyterTokenSealed: null,
} as const;

const aboutOf = ({ kind, task_id, arguments: { github_username } }: TaskRow) => ({
  task: kind,
  order_id: task_id,
  ...(github_username !== undefined && { github_username }),
});

async function refuse({ store }: MakePodDeps, hold: Hold, task: TaskRow, words: string) {
  const data = { ...aboutOf(task), error: words };
  const event = { kind: "task_failed", actor: "processor", data } as const;
  const set = task.kind === "add_user" ? { addUserError: words } : { jupyterError: words };
  await store.transaction(async (transaction) => {
    await move(transaction, hold, { set, dueInSeconds: 0, event });
    await endTasks(transaction, [task.task_id], words);
  });
}

async function putOff({ store }: MakePodDeps, hold: Hold, task: TaskRow, fault: string) {
  const { reservation_id: reservationId } = hold.job;
  await store.transaction(async (transaction) => {
    await putOffTask(transaction, { taskId: task.task_id, seconds: AGAIN_SECONDS, fault });
    await putOffJob(transaction, { reservationId, lease: hold.lease, seconds: 0 });
  });
}

/** @throws StoreError, LeaseLost. */
export async function finishTasks({ store, access }: MakePodDeps, hold: Hold): Promise<void> {
  const { job } = hold;
  const reservationId = job.reservation_id;
  const files = await readFiles({ store }, hold);
  const filesVersion = job.put_files_version ?? 0;
  const tasks = await listBegunTasks(store.pool, { reservationId, filesVersion });
  const added = tasks.flatMap(({ arguments: { github_username } }) => github_username ?? []);
  const secondaryUsers = [...new Set([...files.secondary_users, ...added])];
  const event = {
    kind: "tasks_done",
    actor: "processor",
    data: { tasks: tasks.map(aboutOf) },
  } as const;
  await store.transaction(async (transaction) => {
    const set = {
      ...(added.length > 0 && { secondaryUsers }),
      ...(files.jupyter_enabled && { jupyterUrl: urlOf(files, access.hasNodePorts) }),
    };
    await move(transaction, hold, { set, dueInSeconds: 0, event });
    await endTasks(
      transaction,
      tasks.map(({ task_id }) => task_id),
    );
  });
}

/** Without its token, which is kept sealed. */
function urlOf(
  { node_ip, jupyter_port }: { node_ip: string | null; jupyter_port: number | null },
  hasNodePorts: boolean,
): string {
  const host = hasNodePorts ? (node_ip ?? "localhost") : "localhost";
  return `http://${host.includes(":") ? `[${host}]` : host}:${jupyter_port ?? JUPYTER_PORT}/lab`;
}
