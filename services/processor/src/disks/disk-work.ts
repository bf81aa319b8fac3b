/** What there is to do for a disk, from what its row says and what is open of it: each of it one step, in this order. */
import { type DueDisk, moveDisk } from "@airlock/jobs-store";
import { seeToContent } from "./content.ts";
import { type DiskDeps, type DiskHold, demandWritten, type Look } from "./disk-hold.ts";
import { growVolume } from "./growth.ts";
import { beginEnd, endDisk } from "./purge.ts";
import { noteSnapshot, removeSnapshot, seeSnapshot, takeSnapshot } from "./snapshots.ts";
import { copyVolume, makeVolume, watchBinding } from "./volume.ts";

export type DiskStep =
  | "refuse"
  | "make_volume"
  | "copy_volume"
  | "find_volume"
  | "watch_binding"
  | "grow_volume"
  | "note_snapshot"
  | "take_snapshot"
  | "see_snapshot"
  | "remove_snapshot"
  | "see_to_content"
  | "begin_end"
  | "end_disk";

export interface DiskWork {
  readonly step: DiskStep;
  /** What goes wrong with it is why its volume is not there. */
  readonly isVolume?: boolean;
  /** @returns undefined when the disk is nobody's any more. */
  readonly run: (deps: DiskDeps, hold: DiskHold) => Promise<Look | undefined>;
}

export function worksOf(disk: DueDisk): DiskWork[] {
  switch (disk.state) {
    case "gone":
      return [];
    case "deleting":
      return [...snapshotWorks(disk), { step: "end_disk", run: endDisk }];
  }
  if (disk.is_past_date) return [{ step: "begin_end", run: beginEnd }];
  return [...volumeWorks(disk), ...operationWorks(disk), ...snapshotWorks(disk)];
}

function volumeWorks({ state, is_deleted, operations, source_snapshot_id }: DueDisk): DiskWork[] {
  const isAsked = operations.some(({ action }) => action === "create" || action === "clone");
  if (state === "wanted" || state === "copying") {
    if (is_deleted) return isAsked ? [{ step: "refuse", run: refuse }] : [];
    if (state === "wanted") return [{ step: "make_volume", isVolume: true, run: makeVolume }];
    return [{ step: "copy_volume", isVolume: true, run: copyVolume }];
  }
  if (state !== "ready") return [];
  // it was made before somebody knew that it was asked for
  if (isAsked) return [{ step: "find_volume", run: findVolume }];
  return source_snapshot_id === null ? [] : [{ step: "watch_binding", run: watchBinding }];
}

async function refuse({ store }: DiskDeps, { disk, held }: DiskHold): Promise<Look> {
  const refusal = "It was deleted before its volume was made.";
  demandWritten(await moveDisk(store.pool, { ...held, to: disk.state, refusal }));
  return null;
}

async function findVolume({ store }: DiskDeps, { held }: DiskHold): Promise<Look> {
  demandWritten(await moveDisk(store.pool, { ...held, to: "ready" }));
  return null;
}

const operationWorks = ({ operations }: DueDisk): DiskWork[] =>
  operations.flatMap((operation): DiskWork[] => {
    if (operation.action === "resize") {
      return [{ step: "grow_volume", run: (deps, hold) => growVolume(deps, hold, operation) }];
    }
    if (operation.action !== "snapshot" || operation.snapshot_id !== null) return [];
    return [{ step: "note_snapshot", run: (deps, hold) => noteSnapshot(deps, hold, operation) }];
  });

const SNAPSHOT_STEPS = {
  wanted: ["take_snapshot", takeSnapshot],
  taking: ["see_snapshot", seeSnapshot],
  deleting: ["remove_snapshot", removeSnapshot],
} as const;

const snapshotWorks = ({ snapshots }: DueDisk): DiskWork[] =>
  snapshots.flatMap((snapshot): DiskWork[] => {
    const works: DiskWork[] = [];
    if (snapshot.content_state !== null && snapshot.content_state !== "done") {
      const run = (deps: DiskDeps, hold: DiskHold) => seeToContent(deps, hold, snapshot);
      works.push({ step: "see_to_content", run });
    }
    if (snapshot.state in SNAPSHOT_STEPS) {
      const [step, run] = SNAPSHOT_STEPS[snapshot.state as keyof typeof SNAPSHOT_STEPS];
      works.push({ step, run: (deps, hold) => run(deps, hold, snapshot) });
    }
    return works;
  });
