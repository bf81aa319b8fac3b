/** What `--watch` does: the same look again and again, until Ctrl-C. */
import { createPatience } from "../api/patience.ts";
import { usageError } from "../cli-error.ts";
import type { Flags } from "../command.ts";
import type { Context } from "../context.ts";

export const WATCH_FLAGS = {
  watch: { short: "w", about: "look again and again, until Ctrl-C" },
  interval: { value: "SECONDS", about: "pause between two looks (2)" },
} as const satisfies Flags;

const DEFAULT_SECONDS = 2;

/** @throws CliError of usage */
export function pauseMsOf(seconds: string | undefined): number {
  const number = Number(seconds ?? DEFAULT_SECONDS);
  if (number >= 0.5 && number <= 3600) return number * 1000;
  throw usageError("--interval is a number of seconds, 0.5 to 3600.");
}

/** Ends by Ctrl-C alone. A service that is away for a while is told of and waited for. */
export async function watch(
  look: () => Promise<void>,
  pauseMs: number,
  context: Context,
): Promise<never> {
  const patience = createPatience("Trying again.", context, Number.POSITIVE_INFINITY);
  for (;;) {
    try {
      await look();
      patience.seen();
    } catch (error) {
      patience.bear(error);
    }
    await context.clock.sleep(pauseMs, context.signal);
  }
}
