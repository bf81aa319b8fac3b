/** `/internal`: what the gateway asks on its own behalf. Nothing in here is passed on from outside. */
import { type App, problems } from "@airlock/http";
import { KeyLookup } from "@airlock/identity";
import * as z from "zod";
import type { Keys } from "../keys.ts";

const KeyCheck = z
  .strictObject({
    key_hash: z.string().regex(/^[0-9a-f]{64}$/, { error: "must be SHA-256 in hex" }),
  })
  .meta({ id: "KeyCheck" });

export function internalRoutes(app: App, keys: Keys): void {
  app.post(
    "/internal/key-check",
    {
      schema: {
        summary: "What is known of an API key now, by its hash.",
        tags: ["internal"],
        body: KeyCheck,
        response: { 200: KeyLookup, ...problems(401, 403, 422, 503) },
      },
    },
    (request) => keys.lookUp(request.body.key_hash),
  );
}
