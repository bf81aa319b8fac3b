/** `gpu-dev disk create|rename|delete|restore`: each an operation that is followed to its end. */
import type { DiskOperation, DiskRenamed, DiskRequested } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { oneLine } from "../output/text-width.ts";
import { diskPath } from "./disks.ts";

const FLAGS = {
  "no-wait": { about: "do not wait until it is done" },
  ...JSON_FLAG,
} as const;

interface Change {
  readonly name: string;
  readonly done: string;
  readonly isJson: boolean;
  readonly waits: boolean;
}

const POLL_MS = 500;
const LIMIT_MS = 180_000;

/** @throws CliError when it fails, or is not done in time. */
async function follow(
  answer: DiskRequested | DiskRenamed,
  { name, done, isJson, waits }: Change,
  api: Api,
  context: Context,
): Promise<void> {
  const { output, clock, signal } = context;
  const finish = (operation: object, sentence: string) =>
    isJson ? output.json(operation) : output.note(sentence);
  if (!waits) return finish(answer, oneLine(answer.message));
  const path = `${diskPath(name)}/operations/${answer.operation_id}`;
  const began = clock.now();
  for (;;) {
    const operation = await api.get<DiskOperation>(path);
    if (operation.status === "failed") {
      const why = operation.error ? `: ${oneLine(operation.error)}` : ".";
      throw new CliError(EXIT.failed, `The ${operation.action} of disk ${name} has failed${why}`);
    }
    if (operation.completed) return finish(operation, done);
    if (clock.now() - began > LIMIT_MS) {
      throw new CliError(EXIT.failed, `Disk ${name}: it is asked for, and not done yet.`, {
        next: `gpu-dev disk show ${name}`,
      });
    }
    output.progress(`Disk ${name}: ${operation.action} ${operation.status}…`);
    await clock.sleep(POLL_MS, signal);
  }
}

export const diskCreate = command({
  name: "disk create",
  about: "make a disk",
  operands: [{ name: "NAME" }],
  flags: { size: { value: "GB", about: "its size; else the installation's" }, ...FLAGS },
  examples: ["gpu-dev disk create training --size 500"],
  async run({ flags, operands: [name = ""] }, context) {
    if (flags.size !== undefined && !/^\d{1,6}$/.test(flags.size)) {
      throw usageError("--size is a number of GB.");
    }
    const api = await context.api();
    const size = flags.size === undefined ? {} : { size_gb: Number(flags.size) };
    const answer = await api.post<DiskRequested>("/v1/disks", { disk_name: name, ...size });
    const how = { isJson: flags.json, waits: !flags["no-wait"] };
    await follow(answer, { name, done: `Disk ${name} is made.`, ...how }, api, context);
  },
});

export const diskRename = command({
  name: "disk rename",
  about: "give a disk another name",
  operands: [{ name: "NAME", names: "disk" }, { name: "NEW-NAME" }],
  flags: FLAGS,
  async run({ flags, operands: [name = "", to = ""] }, context) {
    const api = await context.api();
    const answer = await api.post<DiskRenamed>(`${diskPath(name)}/rename`, { new_name: to });
    const how = { isJson: flags.json, waits: !flags["no-wait"] };
    await follow(answer, { name: to, done: `Disk ${name} is ${to} now.`, ...how }, api, context);
  },
});

export const diskDelete = command({
  name: "disk delete",
  aliases: ["disk rm"],
  about: "delete a disk; for 30 days it can be restored",
  operands: [{ name: "NAME", names: "disk" }],
  flags: { yes: { short: "y", about: "do not ask" }, ...FLAGS },
  async run({ flags, operands: [name = ""] }, context) {
    const { output } = context;
    if (!flags.yes) {
      if (!output.canAsk) {
        throw usageError("Nobody can be asked here.", `gpu-dev disk delete --yes ${name}`);
      }
      if (!(await output.ask(`Delete disk ${name}?`))) {
        throw new CliError(EXIT.failed, "Nothing was deleted.");
      }
    }
    const api = await context.api();
    const answer = await api.delete<DiskRequested>(diskPath(name));
    const done = `Disk ${name} is deleted; gpu-dev disk restore ${name} takes that back for 30 days.`;
    const how = { isJson: flags.json, waits: !flags["no-wait"] };
    await follow(answer, { name, done, ...how }, api, context);
  },
});

export const diskRestore = command({
  name: "disk restore",
  about: "take the deletion of a disk back",
  operands: [{ name: "NAME", names: "deleted disk" }],
  flags: FLAGS,
  async run({ flags, operands: [name = ""] }, context) {
    const api = await context.api();
    const answer = await api.post<DiskRequested>(`${diskPath(name)}/restore`);
    const how = { isJson: flags.json, waits: !flags["no-wait"] };
    await follow(answer, { name, done: `Disk ${name} is there again.`, ...how }, api, context);
  },
});
