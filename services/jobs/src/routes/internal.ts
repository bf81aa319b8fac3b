/** `/internal`: what the gateway asks on its own behalf. Nothing in here is passed on from outside. */
import { type App, problems } from "@airlock/http";
import { type KeyLookup, RefusedKey, ValidKey } from "@airlock/identity";
import * as z from "zod";
import type { Keys } from "../keys.ts";

const KeyCheck = z
  .object({
    key_hash: z.string().regex(/^[0-9a-f]{64}$/, { error: "must be SHA-256 in hex" }),
  })
  .meta({ id: "KeyCheck" });

/** The first release of the gateway refuses an answer with a member that it does not know. */
const KeyCheckQuery = z.object({
  session: z.string().optional().describe("`true` tells the name of the AWS session as well."),
});
const KeyAnswer = z
  .discriminatedUnion("state", [ValidKey.partial({ session: true }), RefusedKey])
  .meta({
    example: {
      state: "valid",
      user_id: 7,
      username: "alice-example.com",
      account: "111122223333",
      role: "Developer",
      key_prefix: "gpud_Zk3vQ9aB",
      expires_at: "2026-01-16T00:30:00.000Z",
      remaining_ms: 28_800_000,
    },
  });

export function internalRoutes(app: App, keys: Keys): void {
  app.post(
    "/internal/key-check",
    {
      schema: {
        summary: "What is known of an API key now, by its hash.",
        tags: ["internal"],
        querystring: KeyCheckQuery,
        body: KeyCheck,
        response: { 200: KeyAnswer, ...problems(422) },
      },
    },
    async ({ query, body }) => {
      const found = await keys.lookUp(body.key_hash);
      return query.session === "true" ? found : withoutSession(found);
    },
  );
}

function withoutSession(found: KeyLookup): z.input<typeof KeyAnswer> {
  if (found.state !== "valid") return found;
  const { session: _, ...others } = found;
  return others;
}
