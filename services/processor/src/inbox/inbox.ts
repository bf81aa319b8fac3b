/** The queue of jobs and the queue of disks. */
import {
  applyDiskOrders,
  applyOrders,
  type DiskOrder,
  type JobOrder,
  readDiskOrder,
  readJobOrder,
} from "@airlock/jobs-store";
import { type ConsumeOptions, consume, type ReadInbox } from "./consume.ts";

type Options = Pick<
  ConsumeOptions<JobOrder>,
  "store" | "queue" | "holdSeconds" | "log" | "onOrders"
>;

export interface InboxOptions extends Options {
  readonly maxHours: number;
}

export const createInbox = ({ maxHours, ...options }: InboxOptions): ReadInbox =>
  consume<JobOrder>({
    ...options,
    read: readJobOrder,
    about: ({ job_id }) => job_id,
    async apply(action, orders) {
      const { store, queue } = options;
      const archived = await applyOrders(store.pool, { queue, action, orders, maxHours });
      store.ringForJobs(orders.map(({ order }) => order.job_id));
      return archived;
    },
  });

export const createDiskInbox = (options: Options): ReadInbox =>
  consume<DiskOrder>({
    ...options,
    read: readDiskOrder,
    about: ({ order_id }) => order_id,
    apply: (_, orders) => applyDiskOrders(options.store.pool, { queue: options.queue, orders }),
  });
