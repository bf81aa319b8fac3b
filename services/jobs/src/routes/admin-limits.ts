/** `/v1/admin/quotas` and `/v1/admin/cordons`: what users may hold, and where no job starts. */
import {
  Cordon,
  Cordons,
  CordonTarget,
  ProblemError,
  Quota,
  QuotaCheck,
  QuotaSubject,
  Quotas,
  SetCordon,
  SetQuota,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import {
  type CordonRow,
  deleteQuota,
  findGpuTypes,
  type ListedQuotaRow,
  liftCordon,
  listCordons,
  listHoldings,
  listQuotas,
  nodeExists,
  type Queryable,
  setCordon,
  setQuota,
} from "@airlock/jobs-store";
import { demandUser } from "../admin/admin-users.ts";
import { whoIsOver } from "../admin/quota-check.ts";
import type { ApiDeps } from "../deps.ts";
import { userOf } from "../users.ts";

const failures = problems(404);
const tags = ["admin"];

export function adminLimitRoutes(app: App, { store, mutate }: ApiDeps): void {
  const { pool } = store;

  app.get(
    "/v1/admin/quotas",
    {
      config: { adminVerb: "quotas_list" },
      schema: {
        summary: "All limits that are set.",
        tags,
        response: { 200: Quotas },
      },
    },
    async () => ({ quotas: (await listQuotas(pool)).map(quotaBody) }),
  );
  app.post(
    "/v1/admin/quotas",
    {
      config: { adminVerb: "quota_set" },
      schema: {
        summary:
          "Sets the limits of a user, of a role's users or of each user; those of before are gone.",
        tags,
        body: SetQuota,
        response: { 200: Quota, ...failures },
      },
    },
    async (request) => {
      const row = await demandQuota(pool, request.body);
      const { user_id: userId, aws_role: awsRole, gpu_type: gpuType, username, ...limits } = row;
      request.auditFields = { target: username, aws_role: awsRole, gpu_type: gpuType, ...limits };
      const subject = { userId, awsRole, gpuType };
      const setBy = userOf(request).username;
      await mutate(request, async (transaction) => {
        await setQuota(transaction, { ...subject, ...limits, setBy });
        return {};
      });
      const quota = (await listQuotas(pool)).find((one) => isSubject(one, row));
      // another operator was faster
      if (quota === undefined) throw noSuchQuota();
      return quotaBody(quota);
    },
  );
  app.post(
    "/v1/admin/quotas/remove",
    {
      config: { adminVerb: "quota_remove" },
      schema: {
        summary: "Takes the limits of a user, of a role's users or of each user away.",
        tags,
        body: QuotaSubject,
        response: { 200: Quotas, ...failures },
      },
    },
    async (request) => {
      const { user_id: userId = null, aws_role: awsRole = null } = request.body;
      const { gpu_type: gpuType = null } = request.body;
      request.auditFields = { user_id: userId, aws_role: awsRole, gpu_type: gpuType };
      await mutate(request, async (transaction) => {
        if (!(await deleteQuota(transaction, { userId, awsRole, gpuType }))) throw noSuchQuota();
        return {};
      });
      return { quotas: (await listQuotas(pool)).map(quotaBody) };
    },
  );
  app.post(
    "/v1/admin/quotas/check",
    {
      config: { adminVerb: "quota_check" },
      schema: {
        summary: "Whose jobs and disks of now a quota would refuse; changes nothing.",
        tags,
        body: SetQuota,
        response: { 200: QuotaCheck, ...failures, ...problems(422) },
      },
    },
    async (request) => {
      const changed = await demandQuota(pool, request.body);
      request.auditFields = { target: changed.username, gpu_type: changed.gpu_type };
      const subject = { userId: changed.user_id, awsRole: changed.aws_role };
      const [quotas, holdings] = await Promise.all([listQuotas(pool), listHoldings(pool, subject)]);
      const others = quotas.filter((one) => !isSubject(one, changed));
      return { over: whoIsOver(changed, others, holdings) };
    },
  );

  app.get(
    "/v1/admin/cordons",
    {
      config: { adminVerb: "cordons_list" },
      schema: {
        summary: "Types and nodes that are closed, and why.",
        tags,
        response: { 200: Cordons },
      },
    },
    async () => ({ cordons: (await listCordons(pool)).map(cordonBody) }),
  );
  app.post(
    "/v1/admin/cordons",
    {
      config: { adminVerb: "cordon_set" },
      schema: {
        summary: "Closes a type or a node: no job starts there, those that run go on.",
        tags,
        body: SetCordon,
        response: { 200: Cordon, ...failures },
      },
    },
    async (request) => {
      const { reason, ...body } = request.body;
      const target = targetOf(body);
      request.auditFields = { ...target, reason };
      if ("gpuType" in target) await demandType(pool, target.gpuType);
      else if (!(await nodeExists(pool, target.nodeName))) throw noSuchNode();
      await mutate(request, async (transaction) => {
        await setCordon(transaction, { ...target, reason, setBy: userOf(request).username });
        return {};
      });
      const cordon = (await listCordons(pool)).find((one) => isTarget(one, body));
      // another operator was faster
      if (cordon === undefined) throw noSuchCordon();
      return cordonBody(cordon);
    },
  );
  app.post(
    "/v1/admin/cordons/lift",
    {
      config: { adminVerb: "cordon_lift" },
      schema: {
        summary: "Opens a type or a node again.",
        tags,
        body: CordonTarget,
        response: { 200: Cordons, ...failures },
      },
    },
    async (request) => {
      const target = targetOf(request.body);
      request.auditFields = { ...target };
      await mutate(request, async (transaction) => {
        if (!(await liftCordon(transaction, target))) throw noSuchCordon();
        return {};
      });
      return { cordons: (await listCordons(pool)).map(cordonBody) };
    },
  );
}

/** As its row would be. @throws ProblemError user_not_found, gpu_type_unknown. */
async function demandQuota(db: Queryable, quota: SetQuota) {
  const { user_id = null, aws_role = null, gpu_type = null } = quota;
  if (gpu_type !== null) await demandType(db, gpu_type);
  const username = user_id === null ? null : (await demandUser(db, String(user_id))).username;
  const { max_gpus = null, max_jobs = null, max_hours = null, max_disks = null } = quota;
  return { user_id, aws_role, gpu_type, username, max_gpus, max_jobs, max_hours, max_disks };
}

type Subject = Pick<ListedQuotaRow, "user_id" | "aws_role" | "gpu_type">;

const isSubject = (one: Subject, other: Subject): boolean =>
  one.user_id === other.user_id &&
  one.aws_role === other.aws_role &&
  one.gpu_type === other.gpu_type;

/** @throws ProblemError gpu_type_unknown. */
async function demandType(db: Queryable, gpuType: string): Promise<void> {
  const found = await findGpuTypes(db, { gpuType });
  if (found.length > 0) return;
  throw new ProblemError("gpu_type_unknown", "No machines of this type are offered.");
}

const targetOf = ({ gpu_type, node_name }: CordonTarget) =>
  gpu_type ? { gpuType: gpu_type } : { nodeName: node_name ?? "" };

const isTarget = (row: CordonRow, { gpu_type, node_name }: CordonTarget): boolean =>
  row.gpu_type === (gpu_type ?? null) && row.node_name === (node_name ?? null);

const quotaBody = ({ set_at, ...row }: ListedQuotaRow): Quota => ({
  ...row,
  set_at: set_at.toISOString(),
});
const cordonBody = ({ set_at, ...row }: CordonRow): Cordon => ({
  ...row,
  set_at: set_at.toISOString(),
});

const noSuchQuota = () => new ProblemError("quota_not_found", "There is no such quota.");
const noSuchCordon = () => new ProblemError("cordon_not_found", "It is not closed.");
const noSuchNode = () =>
  new ProblemError("node_not_found", "The processor has seen no node of this name.");
