/** `gpu-dev disk list|show|content`: one's own disks as they are. */
import type { Disk, DiskContent, Disks } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import { DELETED, onlyDeleted } from "../disks/deleted-disks.ts";
import { diskPath } from "../disks/find-snapshot.ts";
import { fitted, type Output } from "../output/output.ts";
import { type Column, facts, table } from "../output/table.ts";
import { oneLine, safeLines } from "../output/text-width.ts";
import { localTime, relative, timeAndDistance } from "../output/times.ts";
import { pauseMsOf, WATCH_FLAGS, watch } from "./watch.ts";

const WORDS: Readonly<Record<string, string>> = {
  creating: "being made",
  ready: "free",
  attached: "in use",
  snapshotting: "backing up",
};

const stateOf = ({ state, is_deleted, delete_date }: Disk): string =>
  is_deleted ? `deleted${delete_date ? ` until ${delete_date}` : ""}` : (WORDS[state] ?? state);

const columns = (now: number): readonly Column<Disk>[] => [
  { title: "DISK", text: ({ disk_name }) => disk_name },
  { title: "GB", isNumber: true, text: ({ size_gb }) => String(size_gb ?? "-") },
  { title: "USED", isNumber: true, text: ({ disk_size }) => disk_size ?? "", rank: 2 },
  { title: "STATE", text: stateOf },
  { title: "JOB", text: ({ reservation_id }) => reservation_id?.slice(0, 8) ?? "", rank: 3 },
  {
    title: "SNAPSHOTS",
    isNumber: true,
    text: ({ snapshot_count }) => String(snapshot_count),
    rank: 4,
  },
  { title: "LAST JOB", text: ({ last_used }) => relative(last_used, now), rank: 1 },
  { title: "MADE", text: ({ created_at }) => relative(created_at, now), rank: 5 },
];

export const diskList = command({
  name: "disk list",
  aliases: ["disk ls", "disks"],
  about: "list your disks",
  flags: {
    ...JSON_FLAG,
    ...WATCH_FLAGS,
    deleted: { about: "those that `disk restore` takes back, instead" },
  },
  async run({ flags }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const pauseMs = pauseMsOf(flags.interval);
    const read = () =>
      flags.deleted ? api.get<Disks>(DELETED).then(onlyDeleted) : api.get<Disks>("/v1/disks");
    const none = flags.deleted
      ? "No deleted disks that can be restored."
      : "No disks. `gpu-dev disk create NAME` makes one.";
    if (!flags.watch) {
      const found = await read();
      if (flags.json) return void output.json(found);
      output.print(...linesOf(found.disks, none, output, clock.now()));
      return;
    }
    return await watch(
      async () => {
        const found = await read();
        if (flags.json) output.jsonLine(found);
        else output.redraw(linesOf(found.disks, none, output, clock.now()));
      },
      pauseMs,
      context,
    );
  },
});

function linesOf(disks: readonly Disk[], none: string, output: Output, now: number): string[] {
  if (disks.length === 0) return output.isTerminal ? [none] : [];
  const lines = table(columns(now), disks, output.width);
  if (!output.isTerminal) return lines;
  const warned = disks.filter(({ warning }) => warning);
  return [
    ...lines,
    ...warned.map(({ disk_name, warning }) =>
      fitted(`${disk_name}: ${oneLine(warning ?? "")}`, output),
    ),
  ];
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
    const { size_gb, disk_size, snapshot_count, last_snapshot_at, warning } = disk;
    const newest = last_snapshot_at
      ? `, the newest ${relative(last_snapshot_at, clock.now())}`
      : "";
    output.print(
      ...facts([
        ["disk", disk.disk_name],
        ["size", size_gb === null ? undefined : `${size_gb} GB`],
        ["used", disk_size ?? undefined],
        ["state", stateOf(disk)],
        ["job", disk.reservation_id ?? undefined],
        ["made", timeAndDistance(disk.created_at, clock.now())],
        ["last job", timeAndDistance(disk.last_used, clock.now())],
        ["snapshots", `${snapshot_count}${newest}`],
        ["warning", warning ? oneLine(warning) : undefined],
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
    const { output, clock } = context;
    const found = await (await context.api()).get<DiskContent>(`${diskPath(name)}/content`);
    if (flags.json) return void output.json(found);
    const { content, message, snapshot_date } = found;
    if (content === null) return void output.note(oneLine(message ?? "There is no content."));
    const when = localTime(snapshot_date);
    if (when) output.note(`As of ${when}, ${relative(snapshot_date, clock.now())}:`);
    output.print(safeLines(content).trimEnd());
  },
});
