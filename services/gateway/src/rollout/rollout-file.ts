/** What ROLLOUT_FILE asks for: read at start, and again whenever it changes. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Environment, type Followed, fileVersion, followFile } from "@airlock/config";
import { sentencesOf } from "@airlock/contract";
import type { Logger } from "@airlock/http";
import * as z from "zod";
import type { Wish } from "./rollout.ts";

/** Who writes no salt has the same order of people from one rollout to the next. */
export const DEFAULT_SALT = "airlock";
const PERCENTAGE = "must be a number, 0 to 100";

const RolloutFile = z.strictObject({
  percentage: z.number({ error: PERCENTAGE }).min(0, PERCENTAGE).max(100, PERCENTAGE),
  salt: z
    .string({ error: "must be a text" })
    .max(200, "must have 200 characters at most")
    .default(DEFAULT_SALT),
  // means nothing: another number makes another file, by which the same percentage is tried again
  attempt: z.int({ error: "must be a whole number" }).optional(),
});

/** The message names the file and what is wrong with it. */
export class RolloutFileError extends Error {
  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.name = "RolloutFileError";
  }
}

export interface FollowedRollout extends Followed {
  readonly first: Wish;
  /** False while the file holds something else that cannot be used. */
  isFresh(): boolean;
}

export interface RolloutFileOptions {
  readonly log: Pick<Logger, "error">;
  /** False where 100 is the one percentage that can be. */
  readonly hasWayBack: boolean;
  /** What the file asks for now, told when its text has changed. */
  readonly changed: (wish: Wish) => void;
}

/**
 * Opens a rollout file and follows it. What cannot be used leaves the last good one in place and is
 * logged once. A file that is written anew with the same text has not changed.
 *
 * @throws RolloutFileError when there is none to begin with that can be used.
 */
export async function followRolloutFile(
  path: string,
  { log, hasWayBack, changed }: RolloutFileOptions,
): Promise<FollowedRollout> {
  const version = await fileVersion(path).catch(() => "");
  let text = await read(path);
  const first = wishOf(path, text, hasWayBack);
  let fault: string | undefined;
  const followed = followFile(path, {
    version,
    async take() {
      const next = await read(path);
      const wish = wishOf(path, next, hasWayBack);
      if (next !== text) changed(wish);
      text = next;
    },
    good() {
      fault = undefined;
    },
    failed(error) {
      const { message } = asRolloutFileError(path, error);
      if (message === fault) return;
      fault = message;
      log.error({ file: path, fault }, "rollout file cannot be used; the last good one holds");
    },
  });
  return { first, isFresh: () => fault === undefined, ...followed };
}

/** What must keep a gateway that signs from starting: a sentence when there is a rollout file, and it cannot be used. */
export function refuseRolloutFile(env: Environment): string[] {
  const path = env.ROLLOUT_FILE?.trim();
  if (!path) return [];
  try {
    wishOf(path, readFileSync(path, "utf8"), Boolean(env.AUX_SERVICE_URL?.trim()));
    return [];
  } catch (error) {
    return [`ROLLOUT_FILE: ${asRolloutFileError(path, error).message}`];
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw asRolloutFileError(path, error);
  }
}

function wishOf(path: string, text: string, hasWayBack: boolean): Wish {
  const said = parsed(path, text);
  const { data, error } = RolloutFile.safeParse(said, { reportInput: true });
  if (error) {
    const faults = sentencesOf(error, said, "the file");
    throw new RolloutFileError(path, `cannot be used: ${faults.join("; ")}`);
  }
  if (!hasWayBack && data.percentage !== 100) {
    throw new RolloutFileError(
      path,
      "cannot be used: percentage: must be 100, for there is no other route (AUX_SERVICE_URL)",
    );
  }
  return { percentage: data.percentage, salt: data.salt, source: "file" };
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RolloutFileError(path, "cannot be used: it is no JSON");
  }
}

function asRolloutFileError(path: string, error: unknown): RolloutFileError {
  if (error instanceof RolloutFileError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new RolloutFileError(path, `cannot be read (${code ?? "error"})`);
}
