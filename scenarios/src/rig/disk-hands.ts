/** A hand that asks for disks as the API does, and for jobs that write on them and check what they find. */
import { createHash, randomUUID } from "node:crypto";
import {
  type DiskAction,
  type DiskSource,
  findDiskOperation,
  insertDisk,
  insertDiskOperation,
  listSnapshots,
  type SnapshotRow,
  sendOrder,
} from "@airlock/jobs-store";
import type { ProcessorsRig } from "./processors.ts";
import { until } from "./waiting.ts";

export interface HeldDisk {
  readonly diskId: string;
  readonly diskName: string;
}

/** Files by their names, each of so many lines of its text. */
export type DiskFiles = Readonly<Record<string, string>>;

export interface DiskHands {
  /** Resolves with the disk once it is there. */
  make(source?: DiskSource): Promise<HeldDisk>;
  /** Resolves with what became of it. @param sets what the API writes into the disk's row with it. */
  ask(disk: HeldDisk, action: DiskAction, more?: Asked): Promise<string>;
  /** A job that is failed unless it finds these files and no others, and leaves those. Resolves with its last state. */
  run(
    disk: HeldDisk,
    finds: DiskFiles,
    leaves: DiskFiles,
  ): Promise<{ jobId: string; status: string }>;
  /** Resolves with the snapshot of the end of this job. */
  snapshotOf(disk: HeldDisk, jobId: string): Promise<SnapshotRow>;
}

interface Asked {
  readonly sizeGb?: number;
  readonly sets?: string;
}

export const DISK_QUEUE = "disk_operations";
const SIZE_GB = 10;
const LINES = 500;
/** Of one step, on a busy machine whose processors die all the while. */
const LIMIT_MS = 600_000;
const LOOK_MS = 250;

export function diskHands(rig: ProcessorsRig, userId: number): DiskHands {
  const { store } = rig;
  const note = (disk: HeldDisk, action: DiskAction, { sizeGb, sets }: Asked = {}) =>
    store.transaction(async (transaction) => {
      const { diskId } = disk;
      const operationId = randomUUID();
      if (sets) await transaction.query(`UPDATE disks SET ${sets} WHERE disk_id = $1`, [diskId]);
      await insertDiskOperation(transaction, { operationId, diskId, action, sizeGb });
      const order = {
        v: 1,
        action: "create_disk",
        order_id: operationId,
        disk_id: diskId,
      } as const;
      await sendOrder(transaction, { queue: DISK_QUEUE, order: { ...order, arguments: {} } });
      return operationId;
    });
  const ended = async (operationId: string): Promise<string> => {
    let said = "";
    const isOver = async () => {
      const row = await findDiskOperation(store.pool, { userId, operationId });
      said = row?.error ? `${row.status}: ${row.error}` : (row?.status ?? "gone");
      return row?.completed_at !== null;
    };
    await until(`the operation ${operationId} ends`, isOver, LIMIT_MS, LOOK_MS);
    return said;
  };
  return {
    async make(source) {
      const diskName = `d-${randomUUID().slice(0, 13)}`;
      const wish = { userId, diskName, sizeGb: SIZE_GB, source };
      const disk = { diskId: await insertDisk(store.pool, wish), diskName };
      const outcome = await ended(await note(disk, source === undefined ? "create" : "clone"));
      if (outcome !== "completed") throw new Error(`${diskName} is not made: ${outcome}`);
      return disk;
    },
    ask: async (disk, action, more) => ended(await note(disk, action, more)),
    async run({ diskId, diskName }, finds, leaves) {
      const jobId = `job-${randomUUID()}`;
      const disk = { diskId, diskName };
      await rig.submit({ jobId, command: commandOf(finds, leaves), gpus: 1, disk });
      const last =
        "SELECT status FROM reservations WHERE reservation_id = $1 AND cleaned_at IS NOT NULL";
      let status = "";
      const isOver = async () => {
        const { rows } = await store.pool.query<{ status: string }>(last, [jobId]);
        status = rows[0]?.status ?? "";
        return status !== "";
      };
      await until(`${jobId} is over`, isOver, LIMIT_MS, LOOK_MS);
      return { jobId, status };
    },
    async snapshotOf({ diskId }, jobId) {
      let found: SnapshotRow | undefined;
      const isReady = async () => {
        const all = await listSnapshots(store.pool, diskId);
        found = all.find(({ reservation_id }) => reservation_id === jobId);
        return found?.state === "ready" || found?.state === "failed";
      };
      await until(`the snapshot of ${jobId} is there`, isReady, LIMIT_MS, LOOK_MS);
      return found as SnapshotRow;
    },
  };
}

const textOf = (words: string): string => `${words}\n`.repeat(LINES);

/** Hidden files are the shell's own. */
function commandOf(finds: DiskFiles, leaves: DiskFiles): string {
  const names = Object.keys(finds).toSorted().join(" ");
  const checks = Object.entries(finds).map(([name, words]) => {
    const hash = createHash("sha256").update(textOf(words)).digest("hex");
    return `[ "$(sha256sum < ${name} | cut -c1-64)" = ${hash} ] || exit 4`;
  });
  const writes = Object.entries(leaves).map(
    ([name, words]) => `yes '${words}' | head -n ${LINES} > ${name}`,
  );
  return [
    'cd "$HOME" || exit 2',
    `[ "$(ls | sort | tr '\\n' ' ' | sed 's/ $//')" = "${names}" ] || exit 3`,
    ...checks,
    ...writes,
    "exit 0",
  ].join("\n");
}
