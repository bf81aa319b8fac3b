/** `gpu-dev admin users …`: who they are, and whether they are let in. */
import type { AdminUser, AdminUsers, UserChanged } from "@airlock/contract";
import { command, JSON_FLAG } from "../../command.ts";
import type { Context } from "../../context.ts";
import { type Column, facts, table } from "../../output/table.ts";
import { oneLine } from "../../output/text-width.ts";
import { relative, timeAndDistance } from "../../output/times.ts";
import { confirm, YES_FLAG } from "./confirm.ts";
import { findUser, USER_WORDS, userPath } from "./find-user.ts";
import { allPages } from "./pages.ts";

const USER = [{ name: "USER" }] as const;

const columns = (now: number): readonly Column<AdminUser>[] => [
  { title: "USER", text: ({ username }) => username },
  { title: "STATE", text: ({ state }) => state },
  { title: "JOBS", isNumber: true, text: ({ live_jobs }) => String(live_jobs) },
  { title: "GPUS", isNumber: true, text: ({ gpus }) => String(gpus) },
  { title: "DISKS", isNumber: true, text: ({ disks }) => String(disks), rank: 3 },
  { title: "KEYS", isNumber: true, text: ({ keys }) => String(keys), rank: 4 },
  { title: "LOGIN", text: ({ last_login_at }) => relative(last_login_at, now), rank: 2 },
  { title: "CALLER", text: ({ caller }) => caller, rank: 1 },
];

export const usersList = command({
  name: "admin users list",
  about: "list users",
  flags: {
    state: { value: "STATE", about: "only active, disabled, deleting or deleted ones" },
    contains: { value: "PART", about: "only whose name or session has this in it" },
    ...JSON_FLAG,
  },
  async run({ flags: { state, contains, json } }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const users = await allPages(
      api,
      "/v1/admin/users",
      { state, contains },
      (page: AdminUsers) => page.users,
    );
    if (json) return void output.json({ users, total: users.length });
    output.print(...table(columns(clock.now()), users, output.width));
  },
});

export const usersShow = command({
  name: "admin users show",
  about: "show a user",
  operands: USER,
  flags: JSON_FLAG,
  more: USER_WORDS,
  async run({ flags, operands: [name = ""] }, context) {
    const user = await findUser(await context.api(), name);
    if (flags.json) return void context.output.json(user);
    show(user, context);
  },
});

function show(user: AdminUser, { output, clock }: Context): void {
  const now = clock.now();
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["user", user.username],
    ["caller", user.caller],
    ["state", user.state],
    ["left", user.left && `${user.left.jobs} jobs, ${user.left.disks} disks`],
    ["deleted", timeAndDistance(user.deleted_at, now)],
    ["jobs", `${user.live_jobs} that wait or run, with ${user.gpus} GPUs`],
    ["disks", String(user.disks)],
    ["keys", String(user.keys)],
    ["made", timeAndDistance(user.created_at, now)],
    ["login", timeAndDistance(user.last_login_at, now)],
  ];
  output.print(...facts(pairs.map(([word, value]) => [word, value && oneLine(value)])));
}

export const usersDisable = command({
  name: "admin users disable",
  about: "shut a user out, everywhere within a second",
  operands: USER,
  flags: {
    "cancel-jobs": { about: "end their jobs, too; else those that run or wait go on" },
    ...YES_FLAG,
    ...JSON_FLAG,
  },
  more: `${USER_WORDS} Logins and keys are refused from then on.`,
  examples: ["gpu-dev admin users disable alice-example.com --cancel-jobs --yes"],
  async run({ flags, operands: [name = ""] }, context) {
    const { output } = context;
    const api = await context.api();
    const user = await findUser(api, name);
    const ends = flags["cancel-jobs"];
    const what = ends ? `, and end ${jobsText(user.live_jobs)}` : "";
    const usage = `gpu-dev admin users disable ${name}${ends ? " --cancel-jobs" : ""}`;
    await confirm(flags.yes, `Shut ${user.username} out${what}?`, usage, context);
    const answer = await api.post<UserChanged>(`${userPath(user)}/disable`, { cancel_jobs: ends });
    if (flags.json) return void output.json(answer);
    const goOn = answer.user.live_jobs;
    const jobs = ends
      ? `; ${jobsText(answer.cancelled_jobs)} asked to end`
      : goOn > 0
        ? `; ${jobsText(goOn)} still on, --cancel-jobs ends them`
        : "";
    output.note(`${user.username} is shut out${jobs}.`);
  },
});

const jobsText = (count: number): string => (count === 1 ? "1 job" : `${count} jobs`);

export const usersEnable = command({
  name: "admin users enable",
  about: "let a user in again",
  operands: USER,
  flags: JSON_FLAG,
  more: USER_WORDS,
  async run({ flags, operands: [name = ""] }, context) {
    const api = await context.api();
    const user = await findUser(api, name);
    const answer = await api.post<UserChanged>(`${userPath(user)}/enable`);
    if (flags.json) return void context.output.json(answer);
    context.output.note(`${user.username} is let in.`);
  },
});

export const usersDelete = command({
  name: "admin users delete",
  about: "shut a user out and erase all data of theirs",
  operands: USER,
  flags: { ...YES_FLAG, ...JSON_FLAG },
  more: `${USER_WORDS} Keys are gone at once; jobs end, then disks and what is known of both. Said again it goes on where it was. What stays: the user's name, so that they stay shut out, and the audit log.`,
  async run({ flags, operands: [name = ""] }, context) {
    const { output } = context;
    const api = await context.api();
    const user = await findUser(api, name);
    const { username, live_jobs, disks } = user;
    const what = `${jobsText(live_jobs)} that wait or run and ${disks === 1 ? "1 disk" : `${disks} disks`}`;
    const question = `Delete ${username} with ${what}, for good?`;
    await confirm(flags.yes, question, `gpu-dev admin users delete ${name}`, context);
    // the name once more: the number alone is easily somebody else's
    const path = `${userPath(user)}?${new URLSearchParams({ username })}`;
    const answer = await api.delete<UserChanged>(path);
    if (flags.json) return void output.json(answer);
    output.note(
      answer.user.state === "deleted"
        ? `Nothing is left of ${username}.`
        : `${username} is shut out; \`gpu-dev admin users show ${username}\` tells what is left.`,
    );
  },
});
