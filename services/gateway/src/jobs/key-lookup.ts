/** API keys of the jobs API as proof at the doors of /storage and /config: jobs is asked for each. */
import { KeyLookup, type LayerPresenter } from "@airlock/identity";
import { ask } from "../upstream/ask.ts";
import type { Upstream } from "../upstream/upstream.ts";

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
      path: "/internal/key-check",
      timing: "keyCheck",
      body,
    });
    return KeyLookup.parse(answer);
  };
