/** Quotas and cordons as operators set them, on the wire. */
import * as z from "zod";
import { reason } from "./jobs-admin-users.ts";
import { count, ordinal } from "./numbers.ts";
import { timestamp } from "./timestamp.ts";

const gpuType = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,49}$/, { error: "is no GPU type" })
  .transform((type) => type.toLowerCase());
const nodeName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: "is no name of a node" });

const most = z.int().min(0).max(1_000_000).nullish();
const limits = {
  max_gpus: most.describe("At once, of jobs that wait or run."),
  max_jobs: most.describe("At once, waiting ones included."),
  max_hours: z
    .number()
    .min(0.0833)
    .max(8760)
    .nullish()
    .describe("Of one job, with all extensions."),
  max_disks: most.describe("That are not deleted; not of a type."),
};

const subject = {
  user_id: z.int().min(1).max(2_147_483_647).nullish().describe("Of this user."),
  aws_role: z
    .string()
    .regex(/^[\w+=,.@-]{1,64}$/, { error: "is no name of a role" })
    .nullish()
    .describe("Of each user who logs in with this role; without it and user_id of each user."),
  gpu_type: gpuType.nullish().describe("Of this type; without it of all types together."),
};

const isOneSubject = (of: {
  user_id?: number | null | undefined;
  aws_role?: string | null | undefined;
}) => (of.user_id ?? null) === null || (of.aws_role ?? null) === null;
const ONE_SUBJECT = { path: ["aws_role"], error: "does not go with user_id" };

export const SetQuota = z
  .object({ ...subject, ...limits })
  .refine(isOneSubject, ONE_SUBJECT)
  .refine(
    (quota) =>
      [quota.max_gpus, quota.max_jobs, quota.max_hours, quota.max_disks].some(
        (limit) => (limit ?? null) !== null,
      ),
    { path: ["max_gpus"], error: "say one limit at least, or remove the quota" },
  )
  .refine(
    ({ gpu_type, max_disks }) => (gpu_type ?? null) === null || (max_disks ?? null) === null,
    {
      path: ["max_disks"],
      error: "does not go with gpu_type: a disk is of no type",
    },
  )
  .meta({ id: "SetQuota" });

export const QuotaSubject = z
  .object(subject)
  .refine(isOneSubject, ONE_SUBJECT)
  .meta({ id: "QuotaSubject" });

export const Quota = z
  .object({
    user_id: ordinal.nullable(),
    username: z.string().nullable(),
    aws_role: z.string().nullable(),
    gpu_type: z.string().nullable(),
    max_gpus: count.nullable(),
    max_jobs: count.nullable(),
    max_hours: z.number().nullable(),
    max_disks: count.nullable(),
    set_by: z.string(),
    set_at: timestamp,
  })
  .meta({
    id: "Quota",
    description:
      "Of one user, of each user of a role, or (both null) of each user; null is no limit. Of each limit the closest row that sets it decides.",
  });

export const Quotas = z.object({ quotas: z.array(Quota) }).meta({ id: "Quotas" });

/** Who holds more than a quota lets them. */
export const QuotaCheck = z
  .object({
    over: z.array(
      z.object({
        user_id: ordinal,
        username: z.string(),
        what: z.enum(["gpus", "jobs", "hours", "disks"]),
        limit: z.number(),
        held: z.number().meta({ description: "Of hours: of their longest job." }),
        gpu_type: z.string().nullable().meta({ description: "null: of all types together." }),
      }),
    ),
  })
  .meta({
    id: "QuotaCheck",
    description:
      "Users whose jobs and disks of now this quota would refuse, were they asked for again. Nothing is changed.",
  });

const target = { gpu_type: gpuType.nullish(), node_name: nodeName.nullish() };
const isOneTarget = (of: {
  gpu_type?: string | null | undefined;
  node_name?: string | null | undefined;
}) => ((of.gpu_type ?? null) === null) !== ((of.node_name ?? null) === null);
const ONE_TARGET = { path: ["node_name"], error: "say either gpu_type or node_name" };

export const SetCordon = z
  .object({ ...target, reason })
  .refine(isOneTarget, ONE_TARGET)
  .meta({ id: "SetCordon" });

export const CordonTarget = z
  .object(target)
  .refine(isOneTarget, ONE_TARGET)
  .meta({ id: "CordonTarget" });

export const Cordon = z
  .object({
    gpu_type: z.string().nullable(),
    node_name: z.string().nullable(),
    reason: z.string(),
    set_by: z.string(),
    set_at: timestamp,
  })
  .meta({
    id: "Cordon",
    description:
      "No job starts there; those that run go on. Users whose jobs wait for it read the reason.",
  });

export const Cordons = z.object({ cordons: z.array(Cordon) }).meta({ id: "Cordons" });

export type SetQuota = z.infer<typeof SetQuota>;
export type QuotaSubject = z.infer<typeof QuotaSubject>;
export type Quota = z.infer<typeof Quota>;
export type Quotas = z.infer<typeof Quotas>;
export type QuotaCheck = z.infer<typeof QuotaCheck>;
export type SetCordon = z.infer<typeof SetCordon>;
export type CordonTarget = z.infer<typeof CordonTarget>;
export type Cordon = z.infer<typeof Cordon>;
export type Cordons = z.infer<typeof Cordons>;
