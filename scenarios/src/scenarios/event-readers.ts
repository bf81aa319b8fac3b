/** Thousands read the events of jobs while what is between them and the jobs is restarted, killed and drained. */
import type { Queryable } from "@airlock/jobs-store";
import {
  areOver,
  endAll,
  lastsOf,
  personOf,
  type Submit,
  submitter,
  tell,
} from "../rig/event-jobs.ts";
import { EventReader, judge } from "../rig/event-reader.ts";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { startPlayedCluster } from "../rig/jobs-cluster.ts";
import { addPeople, type Person } from "../rig/jobs-people.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

type Kind = "jobs" | "gateway";
type Trouble = readonly [kind: Kind, how: "SIGTERM" | "SIGKILL"] | "postgres";

const ROUND: readonly Trouble[] = [
  ["jobs", "SIGTERM"],
  ["gateway", "SIGTERM"],
  ["jobs", "SIGKILL"],
  ["gateway", "SIGKILL"],
  "postgres",
];

const SIZES: Readonly<Record<SizeName, Size>> = {
  test: {
    readers: 40,
    jobs: 4,
    people: 4,
    gateways: 1,
    troubles: [
      ["jobs", "SIGKILL"],
      ["gateway", "SIGTERM"],
    ],
    isRun: false,
  },
  soak: {
    readers: 2000,
    jobs: 200,
    people: 50,
    gateways: 2,
    troubles: [...ROUND, ...ROUND, ...ROUND],
    isRun: true,
  },
};

interface Size {
  readonly readers: number;
  readonly jobs: number;
  readonly people: number;
  readonly gateways: number;
  readonly troubles: readonly Trouble[];
  /** By a processor, on a played cluster. */
  readonly isRun: boolean;
}

/** Connections to the database, of each process. */
const POOL = 4;
/** The scenario's own. */
const OWN = 4;
const MIB = 2 ** 20;
/** Of a pod, as k8s/base has it: what it may use, and how its process is told. */
const PODS: Readonly<Record<Kind, { readonly mib: number; readonly options: string }>> = {
  gateway: { mib: 320, options: "--max-old-space-size=216 --max-semi-space-size=4" },
  jobs: { mib: 384, options: "--max-old-space-size=270 --max-semi-space-size=4" },
};
/** Events go by for so long before anything is restarted. */
const CALM_MS = 60_000;
const LIMIT_MS = 600_000;

export const eventReaders: Scenario = {
  name: "event-readers",
  how: "2,000 readers (40 in tests) of the events of 200 jobs (4) that a processor runs on a played cluster (in tests nobody runs them), two gateways and two replicas of jobs (one gateway in tests); three times each kind is drained and killed in turn and Postgres restarted (in tests a jobs is killed and the gateway drained); readers come back by Last-Event-ID",
  async run(size, stage) {
    await runReaders(stage, size);
  },
};

export interface ReaderRun {
  readonly rig: JobsRig;
  readonly person: Person;
  readonly submit: Submit;
}

export async function runReaders(stage: Stage, size: SizeName): Promise<ReaderRun> {
  const { readers: count, jobs, people: peopleCount, gateways, troubles, isRun } = SIZES[size];
  const rig = await startJobs(stage, {
    jobsEnv: {
      DATABASE_POOL_MIN: "0",
      DATABASE_POOL_MAX: String(POOL),
      LOG_LEVEL: "warn",
      NODE_OPTIONS: PODS.jobs.options,
    },
    gatewayEnv: { LOG_LEVEL: "warn", NODE_OPTIONS: PODS.gateway.options },
    processorEnv: { DATABASE_POOL_MAX: String(POOL), LOG_LEVEL: "warn" },
    ...(isRun && { cluster: await startPlayedCluster(stage, { nodes: Math.ceil(jobs / 8) }) }),
  });
  const serving = { jobs: [...rig.replicas], gateway: [rig.gateway] };
  while (serving.gateway.length < gateways) serving.gateway.push(await rig.addGateway());
  const people = await addPeople(rig.db, peopleCount);
  const submit = submitter(rig, isRun);
  const ids: string[] = [];
  // in turn: how many submits a replica takes at once is measured elsewhere
  while (ids.length < jobs) ids.push(await submit(personOf(people, ids.length)));
  const idle = await memoryOf(serving);
  const readers = Array.from({ length: count }, (_, index) => {
    const jobId = ids[index % jobs] ?? "";
    const [key = ""] = personOf(people, index % jobs).keys;
    return new EventReader({ url: rig.url, jobId, key, goesOn: () => !stage.hasEnded });
  });
  stage.defer(() => {
    for (const reader of readers) reader.leave();
  });
  const running = readers.map((reader) => reader.run());
  const opened = () => readers.filter(({ isOpen, isOver }) => isOpen || isOver).length;
  await until("all of them read", () => opened() === count, LIMIT_MS, 100);
  const connections = watchConnections(stage, rig.db);
  let isTelling = true;
  const telling = tell(rig.db, ids, () => isTelling && !stage.hasEnded);
  const memory = watchMemory(stage, serving);
  const open = await memoryOf(serving);
  if (size === "soak") await sleep(CALM_MS);
  const later = await memoryOf(serving);

  for (const trouble of troubles) {
    if (trouble === "postgres") await rig.postgres.restart("fast");
    else await renew(rig, serving, trouble);
    await until("all of them read again", () => opened() === count, LIMIT_MS, 100);
    stage.progress(`${trouble}: ${opened()} read`);
  }
  isTelling = false;
  const told = await telling;
  await endAll(rig.db, ids, people, jobs, rig);
  await until("all jobs are over", () => areOver(rig.db, ids), LIMIT_MS, 500);
  const lasts = await lastsOf(rig.db, ids);
  await until("all readers know", () => readers.every(({ isOver }) => isOver), LIMIT_MS, 100);
  await Promise.all(running);
  report();
  const [person] = people;
  if (!person) throw new Error("nobody is there");
  return { rig, person, submit };

  function report(): void {
    const events = [...lasts.values()].reduce((sum, last) => sum + last, 0);
    const had = readers.reduce((sum, { seqs }) => sum + seqs.length, 0);
    const whose = `${count} readers, ${events} events of ${jobs} jobs`;
    const { gaps, duplicates, disorder } = judge(readers, lasts);
    stage.check("events that a reader did not have", "0", gaps === 0, whose, `${gaps}`);
    stage.check("events that came twice", "0", duplicates === 0, whose, `${duplicates}`);
    stage.check(
      "events that came before an earlier one",
      "0",
      disorder === 0,
      whose,
      `${disorder}`,
    );
    stage.check("something was told", "all", told > 0, `${told} told`, `${had} had`);
    const wrong = readers.flatMap((reader) => reader.wrong);
    const returns = readers.reduce((sum, reader) => sum + reader.returns, 0);
    stage.check(
      "answers but a stream or a word to come later",
      "0",
      wrong.length === 0,
      `${count + returns} askings`,
      wrong.length === 0 ? "0" : [...new Set(wrong)].join(", "),
    );
    const cuts = troubles.filter((one) => one !== "postgres").length;
    stage.check(
      "readers came back",
      "at each restart, some",
      returns >= cuts,
      whose,
      `${returns} times`,
    );
    // one replica is there twice while it is replaced
    const most = (3 + (isRun ? 1 : 0)) * (POOL + 1) + OWN;
    stage.check(
      "connections to the database, at most",
      `≤ ${most}, as without readers: a pool and a bell for each process`,
      connections.most() <= most,
      whose,
      `${connections.most()}`,
    );
    for (const kind of ["gateway", "jobs"] as const) {
      const limit = PODS[kind].mib;
      const mib = memory.most(kind);
      stage.check(
        `memory of a process of ${kind}, at most`,
        `< ${limit} MiB, its pod's limit`,
        mib < limit,
        whose,
        `${mib.toFixed(0)} MiB`,
      );
    }
    if (size !== "soak") return;
    for (const [name, bytes] of open) {
      const mib = [idle.get(name) ?? 0, bytes, later.get(name) ?? 0].map((one) =>
        (one / MIB).toFixed(0),
      );
      stage.note(
        `memory of ${name}: without readers, with ${count / 2}, a minute later`,
        whose,
        `${mib.join(", ")} MiB`,
      );
    }
  }
}

type Serving = Readonly<Record<Kind, ServiceProcess[]>>;

/** Puts a new process in the place of the oldest one of a kind, which ends so. */
async function renew(
  rig: JobsRig,
  serving: Serving,
  [kind, how]: Exclude<Trouble, "postgres">,
): Promise<void> {
  const isJobs = kind === "jobs";
  serving[kind].push(await (isJobs ? rig.addReplica() : rig.addGateway()));
  const oldest = serving[kind].shift();
  if (oldest === undefined) return;
  if (isJobs) rig.removeReplica(oldest);
  else rig.removeGateway(oldest);
  oldest.signal(how);
  await oldest.exited;
}

async function memoryOf({ gateway, jobs }: Serving): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const all of [gateway, jobs]) {
    for (const [index, one] of all.entries()) {
      found.set(`${one.name} ${index + 1}`, await one.rssBytes());
    }
  }
  return found;
}

function watchMemory(stage: Stage, serving: Serving): { most(kind: Kind): number } {
  const most = { gateway: 0, jobs: 0 };
  const look = async (kind: Kind) => {
    for (const one of serving[kind]) {
      // it may be ended meanwhile
      most[kind] = Math.max(most[kind], await one.rssBytes().catch(() => 0));
    }
  };
  const timer = setInterval(() => {
    void look("gateway");
    void look("jobs");
  }, 1000);
  stage.defer(() => clearInterval(timer));
  return { most: (kind) => most[kind] / MIB };
}

function watchConnections(stage: Stage, db: Queryable): { most(): number } {
  const sql = `SELECT count(*)::integer AS n FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'`;
  let most = 0;
  const timer = setInterval(() => {
    db.query<{ n: number }>(sql).then(
      ({ rows }) => {
        most = Math.max(most, rows[0]?.n ?? 0);
      },
      // it is being restarted
      () => {},
    );
  }, 500);
  stage.defer(() => clearInterval(timer));
  return { most: () => most };
}
