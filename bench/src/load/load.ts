/** The benchmark's side of the load process: where its upstream is, and one slot after another. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { LOAD_CORE, startChild } from "../child.ts";
import type { Message } from "./main.ts";
import type { SlotResult } from "./run-load.ts";
import type { Slot } from "./slot.ts";

export interface Load {
  readonly upstreamPort: number;
  /** @throws Error naming the first answer that was wrong. */
  run(slot: Slot): Promise<SlotResult>;
  stop(): Promise<void>;
}

/** Beyond the slot's own time: what it may take to connect and to get the last answers. */
const GRACE_MS = 15_000;

export async function startLoad(): Promise<Load> {
  const child = startChild({
    name: "load",
    command: process.execPath,
    args: [fileURLToPath(new URL("main.ts", import.meta.url))],
    env: {},
    core: LOAD_CORE,
    hasMessages: true,
  });
  const message = async (limitMs: number): Promise<Message> => {
    const [received] = await once(child.process, "message", {
      signal: AbortSignal.timeout(limitMs),
    });
    return received as Message;
  };
  const first = await message(GRACE_MS);
  if (!("upstreamPort" in first)) throw new Error("the upstream did not start");
  return {
    upstreamPort: first.upstreamPort,
    async run(slot) {
      child.process.send(slot);
      const answer = await message(slot.durationMs + GRACE_MS);
      if ("result" in answer) return answer.result;
      throw new Error("failure" in answer ? answer.failure : "an unexpected message");
    },
    stop: () => child.stop(),
  };
}
