/** What a message on a queue asks for, in today's form or in that of the first release. */
import { type DiskOrder, diskOrder, type JobOrder, jobOrder, type MessagePlace } from "./orders.ts";
import { releasedDiskOrder, releasedJobOrder } from "./orders-released.ts";

/**
 * Of the queue of jobs. The orders of the first release had no ids: theirs follow from where they
 * stand, so that read twice they are the same.
 *
 * @returns undefined for what is no order.
 */
export const readJobOrder = (message: unknown, place: MessagePlace): JobOrder | undefined =>
  isReleased(message) ? releasedJobOrder(message, place) : jobOrder.safeParse(message).data;

/** The same for the queue of disks. */
export const readDiskOrder = (message: unknown): DiskOrder | undefined =>
  isReleased(message) ? releasedDiskOrder(message) : diskOrder.safeParse(message).data;

const isReleased = (message: unknown): boolean =>
  typeof message === "object" && message !== null && !("v" in message);
