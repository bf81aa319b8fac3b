/** Through a restart of a service: what was asked for goes on, and whoever waits for it is told so. */
import type { Context } from "../context.ts";
import { isAway } from "./is-away.ts";

export interface Patience {
  /** The service has answered. */
  seen(): void;
  /** Says that it is tried again: in place on a terminal, else once. @throws what does not pass, or has not in time. */
  bear(error: unknown): void;
}

/** A service may be away so long before somebody else has to look. */
const LIMIT_MS = 5 * 60_000;

/** @param words what to say of what goes on meanwhile, such as `Trying again.` */
export function createPatience(
  words: string,
  { clock, signal, output }: Pick<Context, "clock" | "signal" | "output">,
  limitMs = LIMIT_MS,
): Patience {
  let awaySince: number | undefined;
  return {
    seen() {
      awaySince = undefined;
    },
    bear(error) {
      const isFirst = awaySince === undefined;
      awaySince ??= clock.now();
      if (signal.aborted || !isAway(error) || clock.now() - awaySince > limitMs) throw error;
      const sentence = `${error.message} ${words}`;
      if (output.showsProgress) output.progress(sentence);
      else if (isFirst) output.note(sentence);
    },
  };
}
