/** `gpu-dev admin duties|orphans|nodes|retention …`: what goes on by itself, and how it fares. */
import type { AdminNodes, Duties, Duty, Orphans, RetentionReport } from "@airlock/contract";
import { command, JSON_FLAG } from "../../command.ts";
import { type Column, table } from "../../output/table.ts";
import { duration, relative, timeAndDistance } from "../../output/times.ts";
import { confirm, YES_FLAG } from "./confirm.ts";

const SECOND_MS = 1000;

const stateOf = ({ is_running, is_late }: Duty): string =>
  is_running ? "running" : is_late ? "late" : "";

const dutyColumns = (now: number): readonly Column<Duty>[] => [
  { title: "DUTY", text: ({ name }) => name },
  { title: "", text: stateOf },
  { title: "EACH", text: ({ period_seconds }) => duration(period_seconds * SECOND_MS) },
  { title: "DONE", text: ({ finished_at }) => relative(finished_at, now) },
  { title: "DUE", text: ({ due_at }) => relative(due_at, now), rank: 2 },
  { title: "FAULTS", isNumber: true, text: ({ faults }) => String(faults) },
  { title: "LAST FAULT", text: ({ last_fault }) => last_fault ?? "", rank: 1 },
];

export const dutiesList = command({
  name: "admin duties list",
  about: "list what is done over and over, and when it was last done",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<Duties>("/v1/admin/duties");
    if (flags.json) return void output.json(found);
    output.print(...table(dutyColumns(clock.now()), found.duties, output.width));
  },
});

export const dutiesRun = command({
  name: "admin duties run",
  about: "have a duty done now",
  operands: [{ name: "DUTY" }],
  flags: JSON_FLAG,
  examples: ["gpu-dev admin duties run orphans", "gpu-dev admin duties run 'gone nodes'"],
  async run({ flags, operands: [name = ""] }, context) {
    const duty = await (await context.api()).post<Duty>("/v1/admin/duties/run", { name });
    if (flags.json) return void context.output.json(duty);
    const words = duty.is_running ? "is running already" : "is done by whoever comes first";
    context.output.note(`${duty.name} ${words}; \`gpu-dev admin duties list\` shows when it was.`);
  },
});

type Orphan = Orphans["orphans"][number];

const orphanColumns = (now: number): readonly Column<Orphan>[] => [
  { title: "POD", text: ({ pod_name }) => pod_name },
  { title: "JOB", text: ({ kind }) => (kind === "unknown" ? "unknown" : "has no need of it") },
  { title: "SEEN", text: ({ last_seen_at }) => relative(last_seen_at, now), rank: 2 },
  { title: "SINCE", text: ({ first_seen_at }) => relative(first_seen_at, now), rank: 3 },
  { title: "WHAT BECOMES OF IT", text: ({ becomes }) => becomes, rank: 1 },
];

export const orphansList = command({
  name: "admin orphans list",
  about: "list pods that no job has, and what becomes of them",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<Orphans>("/v1/admin/orphans");
    if (flags.json) return void output.json(found);
    output.print(...table(orphanColumns(clock.now()), found.orphans, output.width));
  },
});

export const orphansRemove = command({
  name: "admin orphans remove",
  about: "remove the pod of a job that this installation does not know",
  operands: [{ name: "POD" }],
  flags: { ...YES_FLAG, ...JSON_FLAG },
  more: "Such pods are there after a backup of the database was restored. They end by themselves, too.",
  async run({ flags, operands: [pod_name = ""] }, context) {
    const usage = `gpu-dev admin orphans remove ${pod_name}`;
    await confirm(flags.yes, `Remove pod ${pod_name} and what runs in it?`, usage, context);
    const api = await context.api();
    const answer = await api.post<Orphans>("/v1/admin/orphans/remove", { pod_name });
    if (flags.json) return void context.output.json(answer);
    context.output.note(`Pod ${pod_name} is removed at the next sweep.`);
  },
});

type Node = AdminNodes["nodes"][number];

const nodeState = ({ gone_at, is_ready, is_schedulable }: Node): string => {
  if (gone_at !== null) return "gone";
  if (!is_ready) return "not ready";
  return is_schedulable ? "ready" : "cordoned by kubectl";
};

const nodeColumns = (now: number): readonly Column<Node>[] => [
  { title: "NODE", text: ({ node_name }) => node_name },
  { title: "TYPE", text: ({ gpu_type }) => gpu_type ?? "none" },
  { title: "STATE", text: nodeState },
  { title: "GPUS", isNumber: true, text: ({ gpus }) => String(gpus) },
  { title: "BOOKED", isNumber: true, text: ({ booked_gpus }) => String(booked_gpus) },
  { title: "JOBS", isNumber: true, text: ({ booked_jobs }) => String(booked_jobs) },
  { title: "FOREIGN", isNumber: true, text: ({ foreign_gpus }) => String(foreign_gpus), rank: 2 },
  {
    title: "UNBOOKED",
    isNumber: true,
    text: ({ unbooked_gpus }) => String(unbooked_gpus),
    rank: 3,
  },
  { title: "SEEN", text: ({ seen_at }) => relative(seen_at, now), rank: 1 },
];

export const adminNodes = command({
  name: "admin nodes",
  about: "list nodes as the processor saw them, with what is taken of them",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<AdminNodes>("/v1/admin/nodes");
    if (flags.json) return void output.json(found);
    output.print(...table(nodeColumns(clock.now()), found.nodes, output.width));
    output.note(`The cluster was looked at ${relative(found.looked_at, clock.now())}.`);
  },
});

type Kind = RetentionReport["kinds"][number];

const kindColumns = (now: number): readonly Column<Kind>[] => [
  { title: "WHAT", text: ({ kind }) => kind },
  { title: "KEPT", text: ({ setting, days }) => (setting ? `${days} d` : "until they expire") },
  { title: "SETTING", text: ({ setting }) => setting ?? "", rank: 2 },
  { title: "TO GO", isNumber: true, text: ({ purgeable }) => countText(purgeable) },
  { title: "THE OLDEST", text: ({ oldest_at }) => relative(oldest_at, now), rank: 1 },
];

const MOST = 10_000;
const countText = (count: number): string => (count >= MOST ? `${MOST} or more` : String(count));

export const adminRetention = command({
  name: "admin retention",
  about: "show how long what is kept, and what would be forgotten now",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<RetentionReport>("/v1/admin/retention");
    if (flags.json) return void output.json(found);
    const now = clock.now();
    output.print(...table(kindColumns(now), found.kinds, output.width));
    const last = timeAndDistance(found.last_run?.finished_at, now);
    output.note(last ? `Last done: ${last}.` : "It was never done.");
  },
});
