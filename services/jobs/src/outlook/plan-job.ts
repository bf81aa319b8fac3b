/** What would become of a submission now: as far as accepting it goes, then as one more job in line. */
import { type JobPlan, ProblemError, type SubmitJob } from "@airlock/contract";
import {
  breachOf,
  breachSentence,
  diskBreachOf,
  findDiskWish,
  findJobOwner,
  type Holdings,
  type OrderRules,
  readHoldings,
  type Store,
  shareOf,
  type TypeView,
  viewOf,
  type WaitingJobRow,
} from "@airlock/jobs-store";
import type { ApiDeps } from "../deps.ts";
import { deleted } from "../disks/change-disk.ts";
import { chooseGpus } from "../jobs/gpu-choice.ts";
import { podNameOf } from "../jobs/pod-names.ts";
import { quotaExceeded } from "../jobs/quota.ts";
import { idTaken } from "../jobs/submit-job.ts";
import { type Wanted, wantedOf } from "../jobs/wanted.ts";
import type { Onward } from "../processor-client.ts";
import type { User } from "../users.ts";
import { nowOf, type Outlooks } from "./outlooks.ts";
import { outlookBody } from "./told.ts";

export type PlanDeps = Pick<
  ApiDeps,
  "store" | "outlooks" | "rules" | "processor" | "maxJobHours" | "defaultImage"
>;

export interface PlanArgs {
  readonly user: User;
  readonly body: SubmitJob;
  readonly onward: Onward;
}

/** Nothing is changed, and nothing locked. */
export async function planJob(deps: PlanDeps, args: PlanArgs): Promise<JobPlan> {
  const { store } = deps;
  const { user, body } = args;
  try {
    const { hasQuotas: _, ...wanted } = await wantedOf(
      (wish) => chooseGpus(store.pool, wish),
      body,
      deps,
    );
    if ((await findJobOwner(store.pool, wanted.reservationId)) !== undefined) throw idTaken();
    const holdings = await readHoldings(store.pool, user.userId);
    const disk = await diskOf(store, user, wanted, holdings);
    const breach = breachOf(holdings, {
      gpuType: wanted.gpuType,
      gpus: wanted.gpuCount,
      hours: wanted.durationHours,
    });
    if (breach) throw quotaExceeded(breachSentence(breach));
    return await outlookOf(deps, args, wanted, disk);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status >= 500) throw error;
    return refusedPlan(body, error);
  }
}

type DiskOfJob = Pick<
  WaitingJobRow,
  "disk_id" | "disk_name" | "disk_state" | "disk_fault" | "disk_is_held" | "disk_holder"
>;

async function diskOf(
  store: Store,
  { userId }: User,
  { diskName }: Wanted,
  holdings: Holdings,
): Promise<DiskOfJob> {
  const none = {
    disk_id: null,
    disk_name: null,
    disk_state: null,
    disk_fault: null,
    disk_is_held: false,
    disk_holder: null,
  };
  if (diskName === null) return none;
  const found = await findDiskWish(store.pool, { userId, diskName });
  if (found?.is_deleted) throw deleted(diskName);
  if (found) return found;
  const breach = diskBreachOf(holdings);
  if (breach) throw quotaExceeded(breachSentence(breach));
  // it would be made with the job
  return { ...none, disk_id: "new", disk_name: diskName, disk_state: "wanted" };
}

async function outlookOf(
  { outlooks, rules, processor }: PlanDeps,
  { user, onward }: PlanArgs,
  wanted: Wanted,
  disk: DiskOfJob,
): Promise<JobPlan> {
  const { reservationId, gpuType, gpuCount, durationHours } = wanted;
  const views = await viewsWith(outlooks, rules, gpuType, (nowMs) => ({
    reservation_id: reservationId,
    user_id: user.userId,
    gpu_count: gpuCount,
    duration_hours: durationHours,
    created_at_ms: nowMs,
    generation: 0,
    pod_name: podNameOf(reservationId),
    current_detailed_status: null,
    is_promised: false,
    ...disk,
  }));
  const view = views.find((one) => one.gpuType === gpuType);
  const outlook = view?.outlooks.get(reservationId);
  if (view === undefined || outlook === undefined) throw new Error("a plan is in no line");
  const start =
    outlook.startsNow || outlook.position === null
      ? nowOf({ ...outlook, view })
      : ((await outlooks.startsIn(view))?.get(reservationId) ?? null);
  const node = view.placement.placed.find(({ jobId }) => jobId === reservationId)?.nodeName ?? null;
  const size = (view.question.nodes.find(({ name }) => name === node) ?? view.question.nodes[0])
    ?.size;
  const { cpuMillis, memoryMib } = size ? shareOf(size, gpuCount) : { cpuMillis: 0, memoryMib: 0 };
  const pod = await processor.planPod(
    {
      job_id: reservationId,
      pod_name: podNameOf(reservationId),
      node_name: node,
      image: wanted.image,
      owner: user.username,
      name: wanted.name,
      has_command: wanted.command !== null,
      keep: wanted.keep ?? false,
      gpus: gpuCount,
      gpu_type: gpuType,
      cpu_millis: cpuMillis,
      memory_mib: memoryMib,
      disk_id: disk.disk_id,
    },
    onward,
  );
  return {
    admissible: true,
    would_start_now: outlook.startsNow,
    gpu_type: gpuType,
    gpu_count: gpuCount,
    duration_hours: durationHours,
    ...outlookBody({ ...outlook, view, views, start }),
    pod,
  };
}

/** As it is, and with one more job of this type: the look at it is everybody's. */
async function viewsWith(
  outlooks: Outlooks,
  rules: OrderRules,
  gpuType: string,
  job: (nowMs: number) => WaitingJobRow,
): Promise<TypeView[]> {
  return (await outlooks.views()).map((view) => {
    const { row } = view;
    if (row.gpu_type !== gpuType) return view;
    return viewOf({ ...row, waiting: [...row.waiting, job(row.now_ms)] }, rules);
  });
}

const refusedPlan = (body: SubmitJob, { code, message }: ProblemError): JobPlan => ({
  admissible: false,
  would_start_now: false,
  gpu_type: body.env_vars?.controls.GPU_TYPE ?? null,
  gpu_count: body.env_vars?.controls.GPU_COUNT ?? null,
  duration_hours: body.duration_hours,
  reason: { code: code === "quota_exceeded" ? "quota" : "refused", sentence: message },
  remedies:
    code === "quota_exceeded"
      ? ["End one of your jobs, or ask an operator for a larger quota."]
      : [],
  position: null,
  start: null,
  pod: null,
});
