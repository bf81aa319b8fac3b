/** A change of a disk is an operation, which is followed to its end. */
import type { DiskOperation, DiskRenamed, DiskRequested } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { createPatience } from "../api/patience.ts";
import { CliError, EXIT } from "../cli-error.ts";
import { JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { oneLine } from "../output/text-width.ts";
import { duration } from "../output/times.ts";

export const CHANGE_FLAGS = {
  "no-wait": { about: "do not wait until it is done" },
  ...JSON_FLAG,
} as const;

export interface Change {
  /** Under which the operation is looked for. */
  readonly name: string;
  /** What it has come to, for people. */
  readonly done: (operation: DiskOperation) => string;
  readonly flags: { readonly json: boolean; readonly "no-wait": boolean };
  /** What to look at when it is not done in time; else the disk. */
  readonly look?: string;
}

const POLL_MS = 500;
/** A cloud takes its minutes for a snapshot; the service gives up before that. */
const LIMIT_MS = 15 * 60_000;

/** @throws CliError when it fails, or is not done in time. */
export async function followOperation(
  answer: DiskRequested | DiskRenamed,
  change: Change,
  api: Api,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const { name, flags, look = `gpu-dev disk show ${name}` } = change;
  if (flags["no-wait"]) {
    return flags.json ? output.json(answer) : output.note(oneLine(answer.message));
  }
  try {
    await toItsEnd(answer, { ...change, look }, api, context);
  } catch (error) {
    if (signal.aborted) output.note(`Not waiting any more; it goes on. ${look}`);
    throw error;
  }
}

async function toItsEnd(
  answer: DiskRequested | DiskRenamed,
  { name, done, flags, look }: Change,
  api: Api,
  context: Context,
): Promise<void> {
  const { output, clock, signal } = context;
  const path = `/v1/disks/${encodeURIComponent(name)}/operations/${answer.operation_id}`;
  const patience = createPatience("Trying again; it goes on.", context);
  const began = clock.now();
  for (;;) {
    const waited = clock.now() - began;
    try {
      const operation = await api.get<DiskOperation>(path);
      patience.seen();
      const { action, status, error } = operation;
      if (status === "failed") {
        const why = error ? `: ${oneLine(error)}` : ".";
        throw new CliError(EXIT.failed, `The ${action} of disk ${name} has failed${why}`);
      }
      if (operation.completed) {
        return flags.json ? output.json(operation) : output.note(done(operation));
      }
      // what goes wrong meanwhile, where the service tells of it
      const why = error ? `: ${oneLine(error)}` : "";
      output.progress(`Disk ${name}: ${action} ${status}${why} (${duration(waited)})`);
    } catch (error) {
      if (waited > LIMIT_MS) throw error;
      patience.bear(error);
    }
    if (waited > LIMIT_MS) {
      throw new CliError(EXIT.failed, `Disk ${name}: it is asked for, and not done yet.`, {
        next: look,
      });
    }
    await clock.sleep(POLL_MS, signal);
  }
}
