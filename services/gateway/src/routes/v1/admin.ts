/** `/v1/admin`: what operators may do; jobs says who is one. */
import {
  AdminCancelJob,
  AdminExtendJob,
  AdminJobDetails,
  AdminJobs,
  AdminJobsQuery,
  AdminKeys,
  AdminNodes,
  AdminUser,
  AdminUsers,
  AdminUsersQuery,
  Cordon,
  Cordons,
  CordonTarget,
  DeadOrders,
  DeadOrdersChanged,
  DeleteUserQuery,
  DisableUser,
  Duties,
  Duty,
  JobActionRequested,
  Orphans,
  PageQuery,
  Quota,
  QuotaCheck,
  QuotaSubject,
  Quotas,
  RemoveOrphan,
  RetentionReport,
  RevokedKeys,
  RunDuty,
  SetCordon,
  SetQuota,
  UserChanged,
  WhichDeadOrders,
} from "@airlock/contract";
import type { JobsRoute } from "./jobs-route.ts";

type Shown = Pick<JobsRoute, "summary" | "answer"> & Partial<JobsRoute>;

const reading = (url: string, route: Shown): JobsRoute => ({
  method: "GET",
  url: `/v1/admin/${url}`,
  tag: "admin",
  problems: [],
  ...route,
});
const changing = (url: string, route: Shown): JobsRoute => ({
  ...reading(url, route),
  method: route.method ?? "POST",
});

const USER_ROUTES: readonly JobsRoute[] = [
  reading("users", {
    summary: "Users, newest first, page by page.",
    querystring: AdminUsersQuery,
    answer: AdminUsers,
  }),
  reading("users/:user_id", { summary: "One user.", answer: AdminUser, problems: [404] }),
  changing("users/:user_id/disable", {
    summary:
      "Shuts a user out: logins and keys are refused everywhere within a second. Their jobs go on, unless they are to be cancelled.",
    body: DisableUser,
    answer: UserChanged,
    problems: [404, 409],
  }),
  changing("users/:user_id/enable", {
    summary: "Lets a user in again; one whose data was erased begins with nothing.",
    answer: UserChanged,
    problems: [404, 409],
  }),
  changing("users/:user_id", {
    method: "DELETE",
    summary:
      "Shuts a user out and erases all data of theirs: keys at once, jobs and disks as they end. Asked for again it goes on where it was.",
    querystring: DeleteUserQuery,
    answer: UserChanged,
    problems: [404, 409],
  }),
  reading("users/:user_id/keys", {
    summary: "A user's keys that have not ended.",
    answer: AdminKeys,
    problems: [404],
  }),
  changing("users/:user_id/keys", {
    method: "DELETE",
    summary: "Ends all keys of a user, everywhere within a second.",
    answer: RevokedKeys,
    problems: [404],
  }),
  changing("users/:user_id/keys/:key_prefix", {
    method: "DELETE",
    summary: "Ends one key of a user, everywhere within a second.",
    answer: RevokedKeys,
    problems: [404],
  }),
];

const JOB_ROUTES: readonly JobsRoute[] = [
  reading("jobs", {
    summary: "Jobs of all users, newest first, page by page.",
    querystring: AdminJobsQuery,
    answer: AdminJobs,
  }),
  reading("jobs/:job_id", {
    summary: "One job, by its id or the beginning of it, with what happened to it.",
    answer: AdminJobDetails,
    problems: [404, 409],
  }),
  changing("jobs/:job_id/cancel", {
    summary: "Asks for the end of anybody's job.",
    body: AdminCancelJob,
    answer: JobActionRequested,
    problems: [404, 409],
  }),
  changing("jobs/:job_id/extend", {
    summary: "Asks for more hours for anybody's job, within MAX_JOB_HOURS.",
    body: AdminExtendJob,
    answer: JobActionRequested,
    problems: [404, 409],
  }),
];

const LIMIT_ROUTES: readonly JobsRoute[] = [
  reading("quotas", { summary: "All limits that are set.", answer: Quotas }),
  changing("quotas", {
    summary:
      "Sets the limits of a user, of a role's users or of each user; those of before are gone.",
    body: SetQuota,
    answer: Quota,
    problems: [404],
  }),
  changing("quotas/remove", {
    summary: "Takes the limits of a user, of a role's users or of each user away.",
    body: QuotaSubject,
    answer: Quotas,
    problems: [404],
  }),
  changing("quotas/check", {
    summary: "Whose jobs and disks of now a quota would refuse; changes nothing.",
    body: SetQuota,
    answer: QuotaCheck,
    problems: [404, 422],
  }),
  reading("cordons", { summary: "Types and nodes that are closed, and why.", answer: Cordons }),
  changing("cordons", {
    summary: "Closes a type or a node: no job starts there, those that run go on.",
    body: SetCordon,
    answer: Cordon,
    problems: [404],
  }),
  changing("cordons/lift", {
    summary: "Opens a type or a node again.",
    body: CordonTarget,
    answer: Cordons,
    problems: [404],
  }),
];

const UPKEEP_ROUTES: readonly JobsRoute[] = [
  reading("dead-orders", {
    summary: "Orders that failed five times and were set aside, the oldest first.",
    querystring: PageQuery,
    answer: DeadOrders,
  }),
  changing("dead-orders/redrive", {
    summary: "Puts them on their queues again, once what was wrong is mended.",
    body: WhichDeadOrders,
    answer: DeadOrdersChanged,
  }),
  changing("dead-orders/drop", {
    summary: "Forgets them: what they asked for is never done.",
    body: WhichDeadOrders,
    answer: DeadOrdersChanged,
  }),
  reading("duties", {
    summary: "What is done over and over by one process of all: when it was last done.",
    answer: Duties,
  }),
  changing("duties/run", {
    summary: "Has a duty done now, by whoever comes first; its list shows when it was.",
    body: RunDuty,
    answer: Duty,
    problems: [404],
  }),
  reading("orphans", {
    summary: "Pods that no job has, and what becomes of each.",
    answer: Orphans,
  }),
  changing("orphans/remove", {
    summary: "Has the pod of a job that this database does not know removed.",
    body: RemoveOrphan,
    answer: Orphans,
    problems: [404],
  }),
  reading("nodes", {
    summary: "Nodes as the processor saw them, with what is taken of them.",
    answer: AdminNodes,
  }),
  reading("retention", {
    summary: "How long what is kept, what would be forgotten now, and when that was last done.",
    answer: RetentionReport,
  }),
];

export const ADMIN_ROUTES: readonly JobsRoute[] = [
  ...USER_ROUTES,
  ...JOB_ROUTES,
  ...LIMIT_ROUTES,
  ...UPKEEP_ROUTES,
];
