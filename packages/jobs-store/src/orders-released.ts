/** The messages of the first release, which every queue may hold still, read as orders. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { DiskOrder, JobOrder, MessagePlace } from "./orders.ts";

const about = { job_id: z.string() };

const jobMessage = z.discriminatedUnion("action", [
  z.object({ ...about, action: z.literal("create_reservation") }),
  z.object({ ...about, action: z.literal("cancel") }),
  z.object({ ...about, action: z.literal("enable_jupyter") }),
  z.object({ ...about, action: z.literal("disable_jupyter") }),
  z.object({ ...about, action: z.literal("extend"), extension_hours: z.number().positive() }),
  z.object({ ...about, action: z.literal("add_user"), github_username: z.string() }),
]);

const diskMessage = z.object({
  action: z.enum(["create_disk", "delete_disk", "restore_disk", "rename_disk"]),
  operation_id: z.uuid(),
});

export function releasedJobOrder(message: unknown, place: MessagePlace): JobOrder | undefined {
  const { data } = jobMessage.safeParse(message);
  if (data === undefined) return undefined;
  const head = { v: 1, order_id: orderIdAt(place), job_id: data.job_id } as const;
  switch (data.action) {
    case "create_reservation":
      return { ...head, action: "create", arguments: {} };
    case "extend":
      return { ...head, action: "extend", arguments: { extension_hours: data.extension_hours } };
    case "add_user":
      return { ...head, action: "add_user", arguments: { github_username: data.github_username } };
    default:
      return { ...head, action: data.action, arguments: {} };
  }
}

export function releasedDiskOrder(message: unknown): DiskOrder | undefined {
  const { data } = diskMessage.safeParse(message);
  return data && { v: 1, action: data.action, order_id: data.operation_id, arguments: {} };
}

/** A UUID of version 8 (RFC 9562 §5.8) that belongs to this message alone. */
function orderIdAt({ queue, messageId }: MessagePlace): string {
  const bytes = createHash("sha256").update(`${queue}/${messageId}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
