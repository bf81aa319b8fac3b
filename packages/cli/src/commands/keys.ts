/** `gpu-dev keys list|rotate|revoke`: the API keys of one's own. */
import { randomUUID } from "node:crypto";
import type { ApiKeys, RevokedKey, RotatedKey } from "@airlock/contract";
import { usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import { type Column, table } from "../output/table.ts";
import { relative, timeAndDistance } from "../output/times.ts";

type Key = ApiKeys["keys"][number];

export const keysList = command({
  name: "keys list",
  aliases: ["keys ls"],
  about: "list your keys that work",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<ApiKeys>("/v1/keys");
    if (flags.json) return void output.json(found);
    const now = clock.now();
    const columns: readonly Column<Key>[] = [
      { title: "KEY", text: ({ key_prefix }) => key_prefix },
      { title: "", text: ({ current }) => (current ? "this one" : "") },
      { title: "MADE", text: ({ created_at }) => relative(created_at, now), rank: 2 },
      { title: "ENDS", text: ({ expires_at }) => relative(expires_at, now) },
      { title: "USED", text: ({ last_used_at }) => relative(last_used_at, now), rank: 1 },
      { title: "FROM", text: ({ description }) => description ?? "", rank: 3 },
    ];
    output.print(...table(columns, found.keys, output.width));
  },
});

export const keysRotate = command({
  name: "keys rotate",
  about: "end this machine's key and take another in its place",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock, env } = context;
    if (env.GPU_DEV_API_KEY) {
      throw usageError("GPU_DEV_API_KEY is not rotated: nothing here could set it anew.");
    }
    const [api, session] = [await context.api(), await context.session()];
    const { api_key, expires_at, key_prefix } = await api.post<RotatedKey>(
      "/v1/keys/rotate",
      undefined,
      randomUUID(),
    );
    await session.replace({ api_key, expires_at });
    if (flags.json) return void output.json({ key_prefix, expires_at });
    output.note(
      `The key is ${key_prefix}… now; it ends at ${timeAndDistance(expires_at, clock.now())}.`,
    );
  },
});

export const keysRevoke = command({
  name: "keys revoke",
  about: "end one of your keys, everywhere within a second",
  operands: [{ name: "KEY", names: "key" }],
  flags: JSON_FLAG,
  more: "KEY is the beginning of it, as `gpu-dev keys list` shows it.",
  async run({ flags, operands: [prefix = ""] }, context) {
    const api = await context.api();
    // a whole key that somebody pastes must not get into a path, and with it into logs
    const shown = prefix.slice(0, SHOWN_LENGTH);
    const answer = await api.delete<RevokedKey>(`/v1/keys/${encodeURIComponent(shown)}`);
    if (flags.json) return void context.output.json(answer);
    context.output.note(`The key ${answer.key_prefix}… has ended.`);
  },
});

const SHOWN_LENGTH = 13;
