/** What operators look after, on the wire: dead orders, duties, pods without a job, nodes, what is forgotten. */
import * as z from "zod";
import { count, whole } from "./numbers.ts";
import { cursorWord, limitWord, MAX_PAGE } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

export const DeadOrders = z
  .object({
    dead_orders: z.array(
      z.object({
        dead_id: z.string(),
        queue: z.string(),
        action: z.string().nullable(),
        job_id: z.string().nullable(),
        faults: count,
        last_fault: z.string(),
        enqueued_at: timestamp,
        died_at: timestamp,
      }),
    ),
    limit: whole(1, MAX_PAGE),
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({
    id: "DeadOrders",
    description: "Orders that failed five times and were set aside, the oldest first.",
  });

export const PageQuery = z.strictObject({
  limit: limitWord.default(100),
  cursor: cursorWord.optional(),
});

export const WhichDeadOrders = z
  .object({
    ids: z
      .array(z.string().regex(/^\d{1,18}$/, { error: "is no dead_id" }))
      .min(1)
      .max(1000)
      .optional(),
    all: z.literal(true).optional(),
  })
  .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), {
    path: ["ids"],
    error: "say which ones by ids, or all: true for all of them",
  })
  .meta({ id: "WhichDeadOrders" });

export const DeadOrdersChanged = z
  .object({ count: count.meta({ description: "Of those that were there still." }) })
  .meta({ id: "DeadOrdersChanged" });

export const Duty = z
  .object({
    name: z.string(),
    period_seconds: count,
    due_at: timestamp,
    finished_at: timestamp.nullable().meta({ description: "When it last came to its end." }),
    is_running: z.boolean(),
    is_late: z.boolean().meta({ description: "Nobody took it for a minute after it was due." }),
    faults: count.meta({ description: "In a row." }),
    last_fault: z.string().nullable(),
  })
  .meta({
    id: "Duty",
  });

export const Duties = z
  .object({ duties: z.array(Duty) })
  .meta({ id: "Duties", description: "What is done over and over, by one process of all." });

export const RunDuty = z
  .object({ name: z.string().regex(/^[\x20-\x7e]{1,50}$/, { error: "is no name of a duty" }) })
  .meta({ id: "RunDuty" });

export const Orphans = z
  .object({
    orphans: z.array(
      z.object({
        pod_name: z.string(),
        uid: z.string(),
        job_id: z.string(),
        kind: z.enum(["orphan", "unknown"]),
        first_seen_at: timestamp,
        last_seen_at: timestamp,
        becomes: z.string().meta({ description: "What is done with it, in a sentence." }),
      }),
    ),
  })
  .meta({
    id: "Orphans",
    description: "Pods that no job has, as the processor last saw the cluster or lately removed.",
  });

export const RemoveOrphan = z
  .object({
    pod_name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,252}$/, { error: "is no pod's name" }),
  })
  .meta({ id: "RemoveOrphan" });

export const AdminNodes = z
  .object({
    looked_at: timestamp.nullable().meta({ description: "When a processor last saw them all." }),
    nodes: z.array(
      z.object({
        node_name: z.string(),
        gpu_type: z.string().nullable().meta({ description: "null: of no type that is offered." }),
        gpus: count,
        slots: count,
        booked_gpus: count,
        booked_jobs: count,
        foreign_gpus: count.meta({ description: "Of pods that are no jobs." }),
        unbooked_gpus: count.meta({ description: "Of jobs' pods that nobody has booked." }),
        is_ready: z.boolean(),
        is_schedulable: z.boolean(),
        seen_at: timestamp,
        gone_at: timestamp.nullable(),
      }),
    ),
  })
  .meta({
    id: "AdminNodes",
    description: "Nodes as the processor saw them, those that are gone included.",
  });

const KINDS = [
  "api keys",
  "jobs",
  "disk operations",
  "orders",
  "login challenges",
  "kept answers",
] as const;

export const RetentionReport = z
  .object({
    kinds: z.array(
      z.object({
        kind: z.enum(KINDS),
        setting: z
          .string()
          .nullable()
          .meta({ description: "null: they go as soon as they have expired." }),
        days: count,
        purgeable: count.meta({ description: "Old enough now; 10,000 stands for more as well." }),
        oldest_at: timestamp
          .nullable()
          .meta({ description: "Of those: since when it is of no use." }),
      }),
    ),
    last_run: Duty.nullable().meta({ description: "null: it never ran." }),
  })
  .meta({
    id: "RetentionReport",
    description: "How long what is kept, what would be forgotten now, and when that was last done.",
  });

export type DeadOrders = z.infer<typeof DeadOrders>;
export type DeadOrdersChanged = z.infer<typeof DeadOrdersChanged>;
export type Duty = z.infer<typeof Duty>;
export type Duties = z.infer<typeof Duties>;
export type Orphans = z.infer<typeof Orphans>;
export type AdminNodes = z.infer<typeof AdminNodes>;
export type RetentionReport = z.infer<typeof RetentionReport>;
