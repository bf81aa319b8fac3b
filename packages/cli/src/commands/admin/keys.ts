/** `gpu-dev admin keys …`: the API keys of a user. */
import type { AdminKeys, RevokedKeys } from "@airlock/contract";
import { usageError } from "../../cli-error.ts";
import { command, JSON_FLAG } from "../../command.ts";
import { type Column, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { confirm, YES_FLAG } from "./confirm.ts";
import { findUser, USER_WORDS, userPath } from "./find-user.ts";

type Key = AdminKeys["keys"][number];

export const adminKeysList = command({
  name: "admin keys list",
  about: "list a user's keys that have not ended",
  operands: [{ name: "USER" }],
  flags: JSON_FLAG,
  more: USER_WORDS,
  async run({ flags, operands: [name = ""] }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const found = await api.get<AdminKeys>(`${userPath(await findUser(api, name))}/keys`);
    if (flags.json) return void output.json(found);
    const now = clock.now();
    const columns: readonly Column<Key>[] = [
      { title: "KEY", text: ({ key_prefix }) => key_prefix },
      { title: "MADE", text: ({ created_at }) => relative(created_at, now), rank: 2 },
      { title: "ENDS", text: ({ expires_at }) => relative(expires_at, now) },
      { title: "USED", text: ({ last_used_at }) => relative(last_used_at, now), rank: 1 },
      { title: "FROM", text: ({ description }) => description ?? "", rank: 3 },
    ];
    output.print(...table(columns, found.keys, output.width));
  },
});

/** As much of a key as may be shown. */
const SHOWN_LENGTH = 13;

export const adminKeysRevoke = command({
  name: "admin keys revoke",
  about: "end keys of a user, everywhere within a second",
  operands: [{ name: "USER" }, { name: "KEY", isOptional: true }],
  flags: { all: { about: "all of them" }, ...YES_FLAG, ...JSON_FLAG },
  more: `${USER_WORDS} KEY is the beginning of it, as \`gpu-dev admin keys list\` shows it.`,
  async run({ flags, operands: [name = "", key] }, context) {
    if ((key === undefined) !== flags.all) throw usageError("Say which: KEY, or --all.");
    const api = await context.api();
    const user = await findUser(api, name);
    // a whole key that somebody pastes must not get into a path, and with it into logs
    const shown = key?.slice(0, SHOWN_LENGTH);
    const which = shown === undefined ? `all keys of ${user.username}` : `${shown}…`;
    const usage = `gpu-dev admin keys revoke ${name} ${shown ?? "--all"}`;
    await confirm(flags.yes, `End ${which}?`, usage, context);
    const one = shown === undefined ? "" : `/${encodeURIComponent(shown)}`;
    const answer = await api.delete<RevokedKeys>(`${userPath(user)}/keys${one}`);
    if (flags.json) return void context.output.json(answer);
    const count = answer.key_prefixes.length;
    context.output.note(`${count === 1 ? "1 key has" : `${count} keys have`} ended.`);
  },
});
