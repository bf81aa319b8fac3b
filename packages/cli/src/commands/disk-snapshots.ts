/** `gpu-dev disk snapshot|snapshots|clone`: what a disk was at a moment, and other disks made of it. */
import type { DiskRequested, DiskSnapshot, DiskSnapshots } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { diskPath, findSnapshot, shortSnapshot } from "../disks/find-snapshot.ts";
import { CHANGE_FLAGS, followOperation } from "../disks/follow-operation.ts";
import { sizeOf } from "../disks/size.ts";
import type { Output } from "../output/output.ts";
import { type Column, table } from "../output/table.ts";
import { relative } from "../output/times.ts";

export const diskSnapshot = command({
  name: "disk snapshot",
  about: "keep what is on a disk now",
  operands: [{ name: "NAME", names: "disk" }],
  flags: CHANGE_FLAGS,
  more: "Of a disk that a job is writing to it holds what a power cut would have left. One is made at the end of each job as well.",
  async run({ flags, operands: [name = ""] }, context) {
    const api = await context.api();
    const answer = await api.post<DiskRequested>(`${diskPath(name)}/snapshots`);
    const done = ({ snapshot_id: id }: { readonly snapshot_id?: string | null }) =>
      `${id ? `Snapshot ${id.slice(0, 8)}` : "A snapshot"} of disk ${name} is ready.`;
    const look = `gpu-dev disk snapshots ${name}`;
    await followOperation(answer, { name, done, flags, look }, api, context);
  },
});

const STYLES = { creating: "cyan", ready: "green", failed: "red", deleting: "dim" } as const;

const reasonOf = ({ reason, reservation_id }: DiskSnapshot): string => {
  if (reason === "job") return `end of job ${reservation_id?.slice(0, 8) ?? ""}`.trimEnd();
  return reason === "clone" ? "a clone" : "asked for";
};

const columns = ({ paint }: Output, now: number): readonly Column<DiskSnapshot>[] => [
  { title: "SNAPSHOT", text: shortSnapshot },
  {
    title: "STATE",
    text: ({ state }) => state,
    paint: (text, { state }) => (STYLES[state] ? paint(STYLES[state], text) : text),
  },
  { title: "GB", isNumber: true, text: ({ size_gb }) => String(size_gb ?? ""), rank: 1 },
  { title: "MADE", text: ({ created_at }) => relative(created_at, now) },
  { title: "WHY", text: reasonOf, rank: 2 },
  { title: "TROUBLE", text: ({ error }) => error ?? "", rank: 3 },
];

export const diskSnapshots = command({
  name: "disk snapshots",
  about: "list the snapshots of a disk, a deleted one too",
  operands: [{ name: "NAME", names: "disk" }],
  flags: JSON_FLAG,
  async run({ flags, operands: [name = ""] }, context) {
    const { output } = context;
    const found = await (await context.api()).get<DiskSnapshots>(`${diskPath(name)}/snapshots`);
    if (flags.json) return void output.json(found);
    output.print(...linesOf(name, found.snapshots, context));
  },
});

function linesOf(
  name: string,
  snapshots: readonly DiskSnapshot[],
  { output, clock }: Context,
): string[] {
  if (snapshots.length > 0) {
    const all = columns(output, clock.now());
    // nobody looks for trouble where there is none
    const hasTrouble = snapshots.some(({ error }) => error !== null);
    const shown = hasTrouble || !output.isTerminal ? all : all.slice(0, -1);
    return table(shown, snapshots, output.width);
  }
  if (!output.isTerminal) return [];
  return [
    `No snapshots. One is made at the end of each job; \`gpu-dev disk snapshot ${name}\` makes one now.`,
  ];
}

export const diskClone = command({
  name: "disk clone",
  about: "make a disk of another one, as it is or as a snapshot has it",
  operands: [{ name: "FROM", names: "disk" }, { name: "NEW-NAME" }],
  flags: {
    snapshot: { value: "ID", about: "as this snapshot has it; else as the disk is now" },
    size: { wire: "size_gb", value: "GB", about: "its size; else that of FROM" },
    ...CHANGE_FLAGS,
  },
  more: "`gpu-dev disk snapshots FROM` has the ids; the beginning of one will do. FROM stays as it is.",
  examples: [
    "gpu-dev disk clone training training-2",
    "gpu-dev disk clone training rescued --snapshot 3f2a91bc",
  ],
  async run({ flags, operands: [source = "", name = ""] }, context) {
    const size = flags.size === undefined ? {} : { size_gb: sizeOf(flags.size, "--size") };
    const api = await context.api();
    const snapshot =
      flags.snapshot === undefined ? undefined : await findSnapshot(api, source, flags.snapshot);
    const from = { disk: source, ...(snapshot && { snapshot: snapshot.snapshot_id }) };
    const body = { disk_name: name, ...size, from };
    const answer = await api.post<DiskRequested>("/v1/disks", body);
    const of = snapshot
      ? `snapshot ${shortSnapshot(snapshot)} of disk ${source}`
      : `disk ${source}`;
    const done = () => `Disk ${name} is a copy of ${of}.`;
    await followOperation(answer, { name, done, flags }, api, context);
  },
});
