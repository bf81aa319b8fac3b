/** `gpu-dev disk create|resize|rename|delete|restore`: each an operation that is followed to its end. */
import type { DiskRenamed, DiskRequested } from "@airlock/contract";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { command } from "../command.ts";
import { diskPath } from "../disks/find-snapshot.ts";
import { CHANGE_FLAGS, followOperation } from "../disks/follow-operation.ts";
import { sizeOf } from "../disks/size.ts";

export const diskCreate = command({
  name: "disk create",
  about: "make a disk",
  operands: [{ name: "NAME" }],
  flags: {
    size: { wire: "size_gb", value: "GB", about: "its size; else the installation's" },
    ...CHANGE_FLAGS,
  },
  examples: ["gpu-dev disk create training --size 500"],
  async run({ flags, operands: [name = ""] }, context) {
    const size = flags.size === undefined ? {} : { size_gb: sizeOf(flags.size, "--size") };
    const api = await context.api();
    const answer = await api.post<DiskRequested>("/v1/disks", { disk_name: name, ...size });
    const done = () => `Disk ${name} is made.`;
    await followOperation(answer, { name, done, flags }, api, context);
  },
});

export const diskResize = command({
  name: "disk resize",
  about: "make a disk larger",
  operands: [{ name: "NAME", names: "disk" }, { name: "GB" }],
  flags: CHANGE_FLAGS,
  more: "A disk never gets smaller; `gpu-dev disk clone` makes another one. Where storage grows with the next job alone, that one has the new size.",
  examples: ["gpu-dev disk resize training 1000"],
  async run({ flags, operands: [name = "", size = ""] }, context) {
    const gb = sizeOf(size, "GB");
    const api = await context.api();
    const answer = await api.post<DiskRequested>(`${diskPath(name)}/resize`, { size_gb: gb });
    const done = () => `Disk ${name} has ${gb} GB now.`;
    await followOperation(answer, { name, done, flags }, api, context);
  },
});

export const diskRename = command({
  name: "disk rename",
  about: "give a disk another name",
  operands: [{ name: "NAME", names: "disk" }, { name: "NEW-NAME" }],
  flags: CHANGE_FLAGS,
  async run({ flags, operands: [name = "", to = ""] }, context) {
    const api = await context.api();
    const answer = await api.post<DiskRenamed>(`${diskPath(name)}/rename`, { new_name: to });
    const done = () => `Disk ${name} is ${to} now.`;
    await followOperation(answer, { name: to, done, flags }, api, context);
  },
});

export const diskDelete = command({
  name: "disk delete",
  aliases: ["disk rm"],
  about: "delete a disk; for 30 days it can be restored",
  operands: [{ name: "NAME", names: "disk" }],
  flags: { yes: { short: "y", about: "do not ask" }, ...CHANGE_FLAGS },
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
    const done = () =>
      `Disk ${name} is deleted; gpu-dev disk restore ${name} takes that back for 30 days.`;
    await followOperation(answer, { name, done, flags }, api, context);
  },
});

export const diskRestore = command({
  name: "disk restore",
  about: "take the deletion of a disk back",
  operands: [{ name: "NAME", names: "deleted disk" }],
  flags: CHANGE_FLAGS,
  more: "What was on it before a mistake in a job, a snapshot has: `gpu-dev disk clone NAME NEW-NAME --snapshot ID`.",
  async run({ flags, operands: [name = ""] }, context) {
    const api = await context.api();
    const answer = await api.post<DiskRequested>(`${diskPath(name)}/restore`);
    const done = () => `Disk ${name} is there again.`;
    await followOperation(answer, { name, done, flags }, api, context);
  },
});
