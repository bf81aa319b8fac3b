/** API keys of the jobs API as proof at the doors of /storage and /config: jobs is asked for each. */
import { type KeyLookup, type LayerPresenter, RefusedKey, ValidKey } from "@airlock/identity";
import * as z from "zod";
import type { Upstream } from "../upstream/call.ts";
import { ask } from "./ask.ts";

/**
 * Asks jobs what it knows of a key now.
 *
 * @returns a function from SHA-256 of a key in hex; it rejects when there is no answer that counts.
 */
export const createKeyLookup =
  (jobs: Upstream, layer: LayerPresenter | undefined) =>
  async (hash: string): Promise<KeyLookup> => {
    const body = { key_hash: hash };
    const answer = await ask(jobs, layer, {
      path: "/internal/key-check?session=true",
      class: "keyCheck",
      body,
    });
    return readKeyLookup(answer);
  };

const Answer = z.object({ state: z.string(), session: z.string().optional() });

/**
 * Reads the answer of any version of jobs: members that it has more are ignored, and a key in a state
 * with a name that nobody knows here opens nothing.
 *
 * @throws Error for a valid key without its owner, ZodError for what is no answer.
 */
function readKeyLookup(answer: unknown): KeyLookup {
  const { state, session } = Answer.parse(answer);
  if (state !== "valid") return RefusedKey.safeParse(answer).data ?? { state: "unknown" };
  // the name that such a jobs tells instead may be anybody's
  if (session === undefined) throw new Error("jobs is too old: it does not say whose a key is");
  return ValidKey.parse(answer);
}
