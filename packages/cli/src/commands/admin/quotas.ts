/** `gpu-dev admin quota …`: the most that users may hold at once. */
import type { Quota, QuotaCheck, Quotas } from "@airlock/contract";
import type { Api } from "../../api/api.ts";
import { usageError } from "../../cli-error.ts";
import { command, JSON_FLAG } from "../../command.ts";
import { type Column, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { findUser, USER_WORDS } from "./find-user.ts";

const WHOSE = {
  user: { value: "USER", about: "of this user" },
  role: { value: "ROLE", about: "of each user who logs in with this AWS role" },
  everybody: { about: "of each user" },
  type: { value: "TYPE", about: "of this type; else of all together", names: "gpu type" },
} as const;
const LIMITS = {
  gpus: { value: "N", about: "GPUs at once, of jobs that wait or run" },
  jobs: { value: "N", about: "jobs at once, waiting ones included" },
  hours: { value: "H", about: "hours of one job, with all extensions" },
  disks: { value: "N", about: "disks" },
} as const;

interface Whose {
  readonly user: string | undefined;
  readonly role: string | undefined;
  readonly everybody: boolean;
  readonly type: string | undefined;
}
type Limits = { readonly [L in keyof typeof LIMITS]: string | undefined };

/** @throws CliError of usage unless it is said once whose. */
function demandOne({ user, role, everybody }: Whose): void {
  const said = [user !== undefined, role !== undefined, everybody].filter((one) => one);
  if (said.length !== 1) throw usageError("Say whose: --user USER, --role ROLE or --everybody.");
}

async function subjectOf({ user, role, type }: Whose, api: Api) {
  return {
    ...(user !== undefined && { user_id: (await findUser(api, user)).user_id }),
    ...(role !== undefined && { aws_role: role }),
    ...(type !== undefined && { gpu_type: type }),
  };
}

/** @throws CliError of usage */
function limitsOf({ gpus, jobs, hours, disks }: Limits) {
  if (hours !== undefined && !/^\d{1,4}(\.\d+)?$/.test(hours)) {
    throw usageError("--hours is a number of hours.");
  }
  const limits = {
    ...numberOf("max_gpus", "--gpus", gpus),
    ...numberOf("max_jobs", "--jobs", jobs),
    ...(hours !== undefined && { max_hours: Number(hours) }),
    ...numberOf("max_disks", "--disks", disks),
  };
  if (Object.keys(limits).length > 0) return limits;
  throw usageError("Say what: --gpus, --jobs, --hours or --disks.");
}

function numberOf(member: string, flag: string, text: string | undefined) {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) throw usageError(`${flag} is a number.`);
  return { [member]: Number(text) };
}

const whoseText = ({ username, aws_role }: Quota): string =>
  username ?? (aws_role === null ? "everybody" : `role ${aws_role}`);
const limitText = (limit: number | null): string => (limit === null ? "" : String(limit));

const columns = (now: number): readonly Column<Quota>[] => [
  { title: "WHOSE", text: whoseText },
  { title: "TYPE", text: ({ gpu_type }) => gpu_type ?? "all" },
  { title: "GPUS", isNumber: true, text: ({ max_gpus }) => limitText(max_gpus) },
  { title: "JOBS", isNumber: true, text: ({ max_jobs }) => limitText(max_jobs) },
  { title: "HOURS", isNumber: true, text: ({ max_hours }) => limitText(max_hours) },
  { title: "DISKS", isNumber: true, text: ({ max_disks }) => limitText(max_disks) },
  { title: "SET BY", text: ({ set_by }) => set_by, rank: 1 },
  { title: "SET", text: ({ set_at }) => relative(set_at, now), rank: 2 },
];

export const quotaList = command({
  name: "admin quota list",
  about: "list the limits that are set",
  flags: JSON_FLAG,
  more: "Of each limit the closest row that sets it decides: the user's own, the role's, everybody's.",
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<Quotas>("/v1/admin/quotas");
    if (flags.json) return void output.json(found);
    output.print(...table(columns(clock.now()), found.quotas, output.width));
  },
});

export const quotaSet = command({
  name: "admin quota set",
  about: "set the limits of a user, of a role's users or of everybody",
  flags: { ...WHOSE, ...LIMITS, ...JSON_FLAG },
  more: `${USER_WORDS} What was set for the same user, role and type before is gone. What runs goes on; \`gpu-dev admin quota check\` tells before whom it would be too small for.`,
  examples: [
    "gpu-dev admin quota set --user alice-example.com --type h100 --gpus 8",
    "gpu-dev admin quota set --everybody --jobs 20 --hours 48 --disks 10",
  ],
  async run({ flags }, context) {
    const { output, clock } = context;
    demandOne(flags);
    const limits = limitsOf(flags);
    const api = await context.api();
    const body = { ...(await subjectOf(flags, api)), ...limits };
    const quota = await api.post<Quota>("/v1/admin/quotas", body);
    if (flags.json) return void output.json(quota);
    output.print(...table(columns(clock.now()), [quota], output.width));
  },
});

export const quotaRemove = command({
  name: "admin quota remove",
  about: "take limits away",
  flags: { ...WHOSE, ...JSON_FLAG },
  examples: ["gpu-dev admin quota remove --user alice-example.com --type h100"],
  async run({ flags }, context) {
    demandOne(flags);
    const api = await context.api();
    const left = await api.post<Quotas>("/v1/admin/quotas/remove", await subjectOf(flags, api));
    if (flags.json) return void context.output.json(left);
    context.output.note("The quota is removed.");
  },
});

type Over = QuotaCheck["over"][number];
const OVER: readonly Column<Over>[] = [
  { title: "USER", text: ({ username }) => username },
  { title: "TYPE", text: ({ gpu_type }) => gpu_type ?? "all" },
  { title: "WHAT", text: ({ what }) => what },
  { title: "LIMIT", isNumber: true, text: ({ limit }) => String(limit) },
  { title: "HAS", isNumber: true, text: ({ held }) => String(held) },
];

export const quotaCheck = command({
  name: "admin quota check",
  about: "tell whose jobs and disks of now a quota would refuse",
  flags: { ...WHOSE, ...LIMITS, ...JSON_FLAG },
  more: "Takes what `gpu-dev admin quota set` takes, and changes nothing.",
  async run({ flags }, context) {
    const { output } = context;
    demandOne(flags);
    const limits = limitsOf(flags);
    const api = await context.api();
    const body = { ...(await subjectOf(flags, api)), ...limits };
    const { over } = await api.post<QuotaCheck>("/v1/admin/quotas/check", body);
    if (flags.json) return void output.json({ over });
    if (over.length === 0) return void output.note("Nobody has more than that.");
    output.print(...table(OVER, over, output.width));
  },
});
