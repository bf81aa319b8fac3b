/** `gpu-dev disk list|show|content`: one's own disks as they are. */
import type { Disk, DiskContent, Disks } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import type { Output } from "../output/output.ts";
import { type Column, facts, table } from "../output/table.ts";
import { oneLine } from "../output/text-width.ts";
import { relative, timeAndDistance } from "../output/times.ts";
import { pauseMsOf, WATCH_FLAGS, watch } from "./watch.ts";

export const diskPath = (name: string): string => `/v1/disks/${encodeURIComponent(name)}`;

const stateOf = ({ is_deleted, delete_date, in_use, is_backing_up }: Disk): string => {
  if (is_deleted) return `deleted${delete_date ? ` until ${delete_date}` : ""}`;
  if (in_use) return "in use";
  return is_backing_up ? "backing up" : "free";
};

const columns = (now: number): readonly Column<Disk>[] => [
  { title: "DISK", text: ({ disk_name }) => disk_name },
  { title: "GB", isNumber: true, text: ({ size_gb }) => String(size_gb ?? "-") },
  { title: "STATE", text: stateOf },
  { title: "JOB", text: ({ reservation_id }) => reservation_id?.slice(0, 8) ?? "", rank: 2 },
  {
    title: "SNAPSHOTS",
    isNumber: true,
    text: ({ snapshot_count }) => String(snapshot_count),
    rank: 3,
  },
  { title: "USED", text: ({ last_used }) => relative(last_used, now), rank: 1 },
  { title: "MADE", text: ({ created_at }) => relative(created_at, now), rank: 4 },
];

export const diskList = command({
  name: "disk list",
  aliases: ["disk ls", "disks"],
  about: "list your disks",
  flags: { ...JSON_FLAG, ...WATCH_FLAGS },
  async run({ flags }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const pauseMs = pauseMsOf(flags.interval);
    const read = () => api.get<Disks>("/v1/disks");
    if (!flags.watch) {
      const found = await read();
      if (flags.json) return void output.json(found);
      output.print(...linesOf(found.disks, output, clock.now()));
      return;
    }
    return await watch(
      async () => {
        const found = await read();
        if (flags.json) output.jsonLine(found);
        else output.redraw(linesOf(found.disks, output, clock.now()));
      },
      pauseMs,
      context,
    );
  },
});

function linesOf(disks: readonly Disk[], output: Output, now: number): string[] {
  if (disks.length > 0) return table(columns(now), disks, output.width);
  return output.isTerminal ? ["No disks. `gpu-dev disk create NAME` makes one."] : [];
}

export const diskShow = command({
  name: "disk show",
  about: "show a disk, a deleted one too",
  operands: [{ name: "NAME", names: "disk" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [name = ""] }, context) {
    const { output, clock } = context;
    const disk = await (await context.api()).get<Disk>(diskPath(name));
    if (flags.json) return void output.json(disk);
    output.print(
      ...facts([
        ["disk", disk.disk_name],
        ["size", disk.size_gb === null ? undefined : `${disk.size_gb} GB`],
        ["state", stateOf(disk)],
        ["job", disk.reservation_id ?? undefined],
        ["made", timeAndDistance(disk.created_at, clock.now())],
        ["used", timeAndDistance(disk.last_used, clock.now())],
        ["snapshots", String(disk.snapshot_count)],
      ]),
    );
  },
});

export const diskContent = command({
  name: "disk content",
  aliases: ["disk list-content"],
  about: "show what the newest snapshot of a disk holds",
  operands: [{ name: "NAME", names: "disk" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [name = ""] }, context) {
    const { output } = context;
    const found = await (await context.api()).get<DiskContent>(`${diskPath(name)}/content`);
    if (flags.json) return void output.json(found);
    if (found.content !== null) return void output.print(found.content.trimEnd());
    if (found.message !== null) output.note(oneLine(found.message));
    if (found.s3_path !== null) output.print(found.s3_path);
  },
});
