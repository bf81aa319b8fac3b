/**
 * A cluster with its users over days, on a clock that nobody waits for: jobs come, run as long as they
 * like, fail, and lose their nodes; who starts and what is told is the placement of the processor.
 */
import {
  type OrderRules,
  type RecentJobRow,
  startsOf,
  type TypeView,
  viewOf,
} from "@airlock/jobs-store";
import { createAgenda } from "./agenda.ts";
import { seededRandom } from "./random.ts";
import {
  DAY_MS,
  HOUR_MS,
  jobsOf,
  type MachineType,
  TYPES,
  typeOf,
  type WeekJob,
  type WeekSize,
} from "./week-jobs.ts";
import { rowOf, type WeekNode } from "./week-rows.ts";

export const RULES: OrderRules = { order: "fair", maxWaitHours: 24 };
/** A lost node's jobs are ended then, as NODE_LOST_SECONDS has it. */
const LOST_MS = 5 * 60_000;

export interface Week {
  readonly jobs: readonly WeekJob[];
  readonly nodeLosses: number;
  /** What was against a law, in words. */
  readonly wrong: readonly string[];
  /** Of jobs that had waited longer than the rule and were first in line. */
  readonly aged: number;
  readonly leftOver: number;
}

export type View = typeof viewOf;

/** @param view whose placement it is: another one than ours is found out. */
export async function playWeek(size: WeekSize, seed: number, view: View = viewOf): Promise<Week> {
  const random = seededRandom(seed);
  const nodes = TYPES.flatMap((type) =>
    Array.from(
      { length: type.nodes },
      (_, n): WeekNode => ({ name: `${type.name}-${n}`, type, isReady: true }),
    ),
  );
  const jobs = jobsOf(size, random);
  const events = createAgenda();
  const waiting = new Map<string, Set<WeekJob>>(TYPES.map(({ name }) => [name, new Set()]));
  const running = new Map<string, Set<WeekJob>>(TYPES.map(({ name }) => [name, new Set()]));
  const over: WeekJob[] = [];
  const wrong: string[] = [];
  const promised = new Map<WeekJob, { byMs: number; losses: number }>();
  let losses = 0;
  let aged = 0;

  for (const job of jobs) events.at(job.cameAtMs, () => come(job));
  for (const node of nodes) planLoss(node);

  function planLoss(node: WeekNode): void {
    const afterMs = (0.2 + random.below(1000) / 1000) * 5 * DAY_MS;
    const lostAtMs = events.nowMs() + afterMs;
    if (lostAtMs > size.days * DAY_MS) return;
    events.at(lostAtMs, async () => {
      losses++;
      node.isReady = false;
      const backMs = lostAtMs + (1 + random.below(4)) * HOUR_MS;
      events.at(lostAtMs + LOST_MS, async () => {
        for (const job of running.get(node.type.name) ?? []) {
          if (job.node === node.name) end(job);
        }
        await decide(node.type);
      });
      events.at(backMs, async () => {
        node.isReady = true;
        planLoss(node);
        await decide(node.type);
      });
      await decide(node.type);
    });
  }

  async function come(job: WeekJob): Promise<void> {
    const line = waiting.get(job.type);
    job.naiveAtMs = events.nowMs() + (line?.size ?? 0) * 15 * 60_000;
    line?.add(job);
    await decide(typeOf(job), job);
  }

  function end(job: WeekJob): void {
    if (!running.get(job.type)?.delete(job)) return;
    job.endedAtMs = events.nowMs();
    over.push(job);
  }

  /** What a processor does when something happened. @param isNew whoever is to be told when it starts. */
  async function decide(type: MachineType, isNew?: WeekJob): Promise<void> {
    const line = waiting.get(type.name) ?? new Set();
    const runs = running.get(type.name) ?? new Set();
    const own = nodes.filter((node) => node.type === type);
    const row = rowOf(type, own, runs, line, events.nowMs());
    const seen = view(row, RULES);
    checkOrder(seen, line);
    for (const { jobId, nodeName } of seen.placement.placed) {
      const job = [...line].find(({ id }) => id === jobId);
      if (job === undefined) {
        wrong.push(`${jobId} is placed and does not wait`);
        continue;
      }
      line.delete(job);
      runs.add(job);
      job.node = nodeName;
      job.startedAtMs = events.nowMs();
      keptItsTime(job);
      events.at(events.nowMs() + job.part * job.hours * HOUR_MS, async () => {
        end(job);
        await decide(type);
      });
    }
    checkCapacity(own, runs);
    if (isNew && line.has(isNew) && random.below(size.toldOneIn) === 0) {
      const history = { windowMs: DAY_MS, jobs: recent() };
      const told = (await startsOf(seen, history, RULES)).get(isNew.id);
      if (told) isNew.told = told;
    }
  }

  function recent(): RecentJobRow[] {
    const nowMs = events.nowMs();
    const rows = [...waiting.values(), ...running.values()].flatMap((some) => [...some]);
    return [...over.slice(-4000), ...rows].map((job) => ({
      reservation_id: job.id,
      user_id: job.userId,
      gpu_type: job.type,
      gpu_count: job.gpus,
      duration_hours: job.hours,
      created_at_ms: job.cameAtMs,
      ran_part:
        job.endedAtMs === undefined || job.startedAtMs === undefined || job.endedAtMs > nowMs
          ? null
          : (job.endedAtMs - job.startedAtMs) / HOUR_MS / job.hours,
    }));
  }

  /** By plain sums, not by placement's own. */
  function checkCapacity(own: readonly WeekNode[], runs: ReadonlySet<WeekJob>): void {
    for (const { name, type } of own) {
      const here = [...runs].filter((job) => job.node === name);
      const taken = type.gpus > 0 ? here.reduce((sum, job) => sum + job.gpus, 0) : here.length;
      const most = type.gpus > 0 ? type.gpus : type.slots;
      if (taken > most) wrong.push(`${name} has ${taken} of ${most} taken`);
    }
  }

  /** Nobody who has waited too long is passed on a node that would have had room for him. */
  function checkOrder({ placement, question }: TypeView, line: ReadonlySet<WeekJob>): void {
    const nowMs = events.nowMs();
    const old = [...line].filter((job) => nowMs - job.cameAtMs > RULES.maxWaitHours * HOUR_MS);
    const placed = new Set(placement.placed.map(({ jobId }) => jobId));
    for (const first of placement.waits) {
      const job = first.why === "first" ? old.find(({ id }) => id === first.jobId) : undefined;
      if (job && first.why === "first" && !promised.has(job) && Number.isFinite(first.startsByMs)) {
        aged++;
        promised.set(job, { byMs: first.startsByMs, losses });
      }
    }
    for (const { jobId, nodeName } of placement.placed) {
      const job = [...line].find(({ id }) => id === jobId);
      const size = question.nodes.find(({ name }) => name === nodeName)?.size;
      const taken = question.booked.filter((one) => one.nodeName === nodeName);
      const free = (size?.gpus ?? 0) - taken.reduce((sum, { amount }) => sum + amount.gpus, 0);
      const passed = old.find(
        (one) =>
          !placed.has(one.id) &&
          job &&
          one.cameAtMs < job.cameAtMs &&
          one.gpus <= free &&
          one.gpus > 0,
      );
      if (passed) wrong.push(`${jobId} passes ${passed.id}, which has waited longer than the rule`);
    }
  }

  function keptItsTime(job: WeekJob): void {
    const promise = promised.get(job);
    if (promise === undefined || promise.losses !== losses) return;
    if (events.nowMs() > promise.byMs)
      wrong.push(`${job.id} starts later than the latest that it was told`);
  }

  await events.run();
  const leftOver = [...waiting.values(), ...running.values()].reduce(
    (sum, { size: n }) => sum + n,
    0,
  );
  return { jobs, nodeLosses: losses, wrong, aged, leftOver };
}
