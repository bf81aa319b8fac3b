/** `/v1/admin/duties`, `/orphans`, `/nodes` and `/retention`: what goes on by itself, and how it fares. */
import {
  AdminNodes,
  Duties,
  Duty,
  Orphans,
  ProblemError,
  RemoveOrphan,
  RetentionReport,
  RunDuty,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import {
  callDuty,
  countPurgeable,
  lastLook,
  listAllNodes,
  listDuties,
  listStrays,
  type Retention,
  unwantStray,
} from "@airlock/jobs-store";
import { dutyBody, orphanBody, retentionKinds } from "../admin/upkeep-bodies.ts";
import type { ApiDeps } from "../deps.ts";
import { RETENTION_DUTY } from "../retention.ts";

const failures = problems(404);
const tags = ["admin"];

export function adminUpkeepRoutes(
  app: App,
  { store, mutate }: ApiDeps,
  retention: Retention,
): void {
  const { pool } = store;

  app.get(
    "/v1/admin/duties",
    {
      config: { adminVerb: "duties_list" },
      schema: {
        summary: "What is done over and over by one process of all: when it was last done.",
        tags,
        response: { 200: Duties },
      },
    },
    async () => ({ duties: (await listDuties(pool)).map(dutyBody) }),
  );
  app.post(
    "/v1/admin/duties/run",
    {
      config: { adminVerb: "duty_run" },
      schema: {
        summary: "Has a duty done now, by whoever comes first; its list shows when it was.",
        tags,
        body: RunDuty,
        response: { 200: Duty, ...failures },
      },
    },
    async (request) => {
      const { name } = request.body;
      request.auditFields = { duty: name };
      await mutate(request, async (transaction) => {
        if (!(await callDuty(transaction, name))) throw noSuchDuty();
        return {};
      });
      const duty = (await listDuties(pool)).find((one) => one.name === name);
      if (duty === undefined) throw noSuchDuty();
      return dutyBody(duty);
    },
  );

  app.get(
    "/v1/admin/orphans",
    {
      config: { adminVerb: "orphans_list" },
      schema: {
        summary: "Pods that no job has, and what becomes of each.",
        tags,
        response: { 200: Orphans },
      },
    },
    async () => ({ orphans: (await listStrays(pool)).map(orphanBody) }),
  );
  app.post(
    "/v1/admin/orphans/remove",
    {
      config: { adminVerb: "orphan_remove" },
      schema: {
        summary: "Has the pod of a job that this database does not know removed.",
        tags,
        body: RemoveOrphan,
        response: { 200: Orphans, ...failures },
      },
    },
    async (request) => {
      const { pod_name } = request.body;
      request.auditFields = { pod_name };
      await mutate(request, async (transaction) => {
        if (!(await unwantStray(transaction, pod_name))) throw noSuchOrphan();
        await callDuty(transaction, "orphans");
        return {};
      });
      const rows = await listStrays(pool);
      return { orphans: rows.filter((row) => row.pod_name === pod_name).map(orphanBody) };
    },
  );

  app.get(
    "/v1/admin/nodes",
    {
      config: { adminVerb: "nodes_list" },
      schema: {
        summary: "Nodes as the processor saw them, with what is taken of them.",
        tags,
        response: { 200: AdminNodes },
      },
    },
    async () => {
      const [nodes, looked] = await Promise.all([listAllNodes(pool), lastLook(pool)]);
      return {
        looked_at: looked?.toISOString() ?? null,
        nodes: nodes.map(({ seen_at, gone_at, ...node }) => ({
          ...node,
          seen_at: seen_at.toISOString(),
          gone_at: gone_at?.toISOString() ?? null,
        })),
      };
    },
  );

  app.get(
    "/v1/admin/retention",
    {
      config: { adminVerb: "retention_show" },
      schema: {
        summary: "How long what is kept, what would be forgotten now, and when that was last done.",
        tags,
        response: { 200: RetentionReport },
      },
    },
    async () => {
      const [counts, duties] = await Promise.all([
        countPurgeable(pool, retention),
        listDuties(pool),
      ]);
      const last = duties.find(({ name }) => name === RETENTION_DUTY);
      return { kinds: retentionKinds(counts, retention), last_run: last ? dutyBody(last) : null };
    },
  );
}

const noSuchDuty = () =>
  new ProblemError("duty_not_found", "There is no duty of this name, or nobody has done it yet.");
const noSuchOrphan = () =>
  new ProblemError(
    "orphan_not_found",
    "There is no pod of this name whose job is unknown; those of known jobs are removed by themselves.",
  );
