/**
 * What is told agrees with what is done: placement, lists, explanations, plans and availability, by many generated
 * clusters, which also show planted faults. All of
 * them are gone through in `pnpm soak --only=one-answer`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Availability,
  availabilityOf,
  type ClusterTypeRow,
  type OrderRules,
  type Outlook,
  type TypeView,
  viewOf,
  type WaitingJobRow,
} from "../src/index.ts";
import { aRow, aWaitingJob, generateRow } from "./cluster-rows.ts";
import { generator } from "./generator.ts";

const CLUSTERS = process.env.GENERATED_CASES === "soak" ? 10_000 : 400;
const LARGEST = 12;
const STRANGER = 999;
const FIFO: OrderRules = { order: "fifo", maxWaitHours: 24 };

/** What users and operators are told, and what a processor does. */
interface Answers {
  readonly view: (row: ClusterTypeRow, rules: OrderRules) => TypeView;
  readonly available: (view: TypeView) => Availability;
  readonly explain: (view: TypeView, jobId: string) => Outlook | undefined;
  readonly plan: (
    row: ClusterTypeRow,
    rules: OrderRules,
    job: WaitingJobRow,
  ) => Outlook | undefined;
}

const OURS: Answers = {
  view: viewOf,
  available: availabilityOf,
  explain: ({ outlooks }, jobId) => outlooks.get(jobId),
  plan: (row, rules, job) =>
    viewOf({ ...row, waiting: [...row.waiting, job] }, rules).outlooks.get(job.reservation_id),
};

/** What one answer says and another contradicts. */
function wrongOf(seed: number, { view, available, explain, plan }: Answers): string[] {
  const { row, rules } = generateRow(seed);
  const wrong: string[] = [];
  const done = viewOf(row, rules);
  const placed = new Set(done.placement.placed.map(({ jobId }) => jobId));
  const seen = view(row, rules);
  for (const { reservation_id: jobId, gpu_count } of row.waiting) {
    const told = explain(seen, jobId);
    if (told === undefined) {
      wrong.push(`${jobId} is not explained`);
      continue;
    }
    const say = (words: string) => wrong.push(`${jobId}, ${told.reason.code}: ${words}`);
    if (told.startsNow !== placed.has(jobId)) say("explained otherwise than placed");
    if (told.startsNow !== (told.reason.code === "starts_now"))
      say("starts otherwise than it says");
    // whoever is before it goes away, and then nobody is
    const before = row.waiting.filter(({ reservation_id }) => {
      const other = explain(seen, reservation_id);
      return (
        other &&
        !other.startsNow &&
        (other.position ?? 0) < (told.position ?? 0) &&
        other.position !== null
      );
    });
    if (told.position !== null && !told.startsNow) {
      if (before.length !== told.position - 1)
        say(`${before.length} are before it, not ${told.position - 1}`);
      // who stands in no line may get there once the disk of one of them is free
      const passed = row.waiting.filter(({ reservation_id: id }) => {
        const other = explain(seen, id);
        return id !== jobId && other?.position === null;
      });
      const gone = new Set([...before, ...passed]);
      const alone = viewOf({ ...row, waiting: row.waiting.filter((job) => !gone.has(job)) }, rules);
      const then = alone.outlooks.get(jobId);
      if (rules.order === "fifo" && then?.position !== 1)
        say("is not the first without those before it");
      // unless others that start now take another node, which they might where none is kept
      const isSame = done.placement.placed.every(({ jobId: id, nodeName }) =>
        alone.placement.placed.some((one) => one.jobId === id && one.nodeName === nodeName),
      );
      const isKept = told.reason.code === "others_first";
      if (rules.order === "fifo" && isSame && then?.startsNow !== isKept) {
        say("is said to wait for others, or not to, and it is not so");
      }
    }
    const open = { ...row, nodes: row.nodes.map((node) => ({ ...node, closed_because: null })) };
    const opened = viewOf(open, rules).outlooks.get(jobId)?.reason.code;
    if (told.reason.code === "drained" && opened === "too_big") say("no operator keeps it waiting");
    if (told.reason.code === "too_big" && opened !== "too_big") say("it is an operator who does");
    const free = viewOf({ ...row, owners: [] }, rules).outlooks.get(jobId)?.reason.code;
    const limits = row.owners.some(({ user_id }) => user_id === told.job.user_id);
    if (told.reason.code === "quota" && !limits) say("no quota keeps it waiting");
    if (!limits && row.owners.length === 0 && told.reason.code !== free)
      say("it changes by nothing");
    for (const remedy of told.reason.remedies) {
      const smaller = Number(/^A job of (\d+) /.exec(remedy)?.[1] ?? 0);
      if (smaller === 0) continue;
      const instead = aWaitingJob({
        id: "smaller",
        userId: STRANGER,
        gpus: smaller,
        createdAtMs: row.now_ms,
      });
      if (smaller >= gpu_count || !plan(row, rules, instead)?.startsNow)
        say(`no remedy: ${remedy}`);
    }
  }
  wrong.push(...wrongNumbers(row, rules, available(seen), plan));
  return wrong.map((words) => `seed ${seed}: ${words}`);
}

/** What is wrong with numbers, by what happens to a job that comes now. */
function wrongNumbers(
  row: ClusterTypeRow,
  rules: OrderRules,
  told: Availability,
  plan: Answers["plan"],
): string[] {
  const wrong: string[] = [];
  const compare = (what: keyof Availability, found: number) => {
    if (told[what] !== found) wrong.push(`${what} is told to be ${told[what]}, and is ${found}`);
  };
  const isBySlots = row.max_gpus === 0;
  const sizes = isBySlots ? [0] : Array.from({ length: LARGEST }, (_, index) => index + 1);
  const [smallest = 1] = sizes;
  const asked = (gpus: number, id = "new") =>
    aWaitingJob({ id, userId: STRANGER, gpus, createdAtMs: row.now_ms });
  // the smallest jobs, one after the other, until one has to wait
  let fits = 0;
  for (let more = row; fits < 100; fits++) {
    const job = asked(smallest, `new${fits}`);
    if (!plan(more, rules, job)?.startsNow) break;
    more = { ...more, waiting: [...more.waiting, job] };
  }
  // whoever holds less than those in line may go before them
  const isExact = rules.order === "fifo";
  if (told.available > 0 && fits === 0) compare("available", fits);
  if (isExact && told.available === 0 && fits > 0) compare("available", fits);
  // rounding leaves more room for many small ones than for a large one
  if (isExact && told.available > fits) compare("available", fits);
  const planned = new Map(sizes.map((gpus) => [gpus, plan(row, rules, asked(gpus))]));
  const starting = sizes.filter((gpus) => planned.get(gpus)?.startsNow);
  if (isExact && told.available < Math.max(0, ...starting))
    compare("available", Math.max(...starting));
  const able = sizes.filter((gpus) => {
    const code = planned.get(gpus)?.reason.code ?? "too_big";
    return !["too_big", "drained", "no_nodes", "nodes_closed"].includes(code);
  });
  if (!isBySlots) compare("max_per_node", Math.max(0, ...able));
  else if (told.max_per_node > 0 !== able.length > 0) compare("max_per_node", able.length);
  const { placed } = viewOf(row, rules).placement;
  const ids = new Set(placed.map(({ jobId }) => jobId));
  const waits = row.waiting.filter(({ reservation_id }) => !ids.has(reservation_id));
  compare(
    "queued",
    waits.reduce((sum, { gpu_count }) => sum + Math.max(1, gpu_count), 0),
  );
  const taken = [
    ...row.bookings.map(({ gpus, slots }) => gpus + slots),
    ...placed.map(({ amount }) => amount.gpus + amount.slots),
  ];
  compare(
    "in_use",
    taken.reduce((sum, one) => sum + one, 0),
  );
  return wrong;
}

const allWrong = (answers: Answers, clusters: number): string[] =>
  Array.from({ length: clusters }, (_, index) => index + 1).flatMap((seed) =>
    wrongOf(seed, answers),
  );

test(`placement, lists, explanations, plans and availability agree over ${CLUSTERS} clusters`, (t) => {
  t.diagnostic(JSON.stringify({ clusters: CLUSTERS }));
  assert.deepEqual(allWrong(OURS, CLUSTERS).slice(0, 10), []);
});

/** Each a way in which they were, or could be, computed apart. */
const FAULTS: Readonly<Record<string, Partial<Answers>>> = {
  "a list that goes by time where placement does not": {
    view: (row, rules) => viewOf(row, { ...rules, order: "fifo" }),
  },
  "an explanation that knows of no quota": {
    view: (row, rules) => viewOf({ ...row, owners: [] }, rules),
  },
  "an explanation that does not see what operators have closed": {
    view: (row, rules) =>
      viewOf(
        { ...row, nodes: row.nodes.map((node) => ({ ...node, closed_because: null })) },
        rules,
      ),
  },
  "a position that counts those that start now": {
    explain({ outlooks, placement }, jobId) {
      const outlook = outlooks.get(jobId);
      if (!outlook || outlook.position === null || outlook.startsNow) return outlook;
      return { ...outlook, position: outlook.position + placement.placed.length };
    },
  },
  "a plan that leaves those out who wait": {
    plan: (row, rules, job) => OURS.plan({ ...row, waiting: [] }, rules, job),
  },
  "the node that the first one waits for counts as free": {
    available: (view) => ({
      ...availabilityOf(view),
      available: availabilityOf(viewOf({ ...view.row, waiting: [] }, FIFO)).available,
    }),
  },
  "closed nodes count": {
    available: (view) => ({
      ...availabilityOf(view),
      max_per_node: Math.max(0, ...view.question.nodes.map(({ size }) => size.gpus + size.slots)),
    }),
  },
  "jobs that start this moment count as waiting": {
    available: (view) => ({
      ...availabilityOf(view),
      queued: view.row.waiting.reduce((sum, { gpu_count }) => sum + Math.max(1, gpu_count), 0),
    }),
  },
};
for (const [name, fault] of Object.entries(FAULTS)) {
  test(`planted: ${name}, which is found out`, () => {
    const answers = { ...OURS, ...fault };
    let seed = 1;
    while (wrongOf(seed, answers).length === 0) assert.ok(seed++ < 300);
  });
}

test("nodes that take nobody are there all the same, and jobs on them hold what they hold", () => {
  const row = aRow({
    nodes: [
      { name: "a", gpus: 8 },
      { name: "b", gpus: 8 },
      { name: "c", gpus: 8, isReady: false },
    ],
    bookings: [
      { node: "a", gpus: 4 },
      { node: "b", gpus: 2 },
      { node: "c", gpus: 1 },
    ],
  });
  const told = { total: 24, available: 10, in_use: 7, queued: 0, max_per_node: 8 };
  assert.deepEqual(availabilityOf(viewOf(row, FIFO)), told);
  const waiting = [
    aWaitingJob({ id: "large", gpus: 8 }),
    aWaitingJob({ id: "small", gpus: 1, createdAtMs: 2 }),
  ];
  // the node that the large job waits for is nobody else's
  assert.deepEqual(availabilityOf(viewOf({ ...row, waiting }, FIFO)), {
    ...told,
    available: 3,
    in_use: 8,
    queued: 8,
  });
});

test("five thousand jobs on a thousand nodes are gone through once for each size", () => {
  const random = generator(1);
  const nodes = Array.from({ length: 1000 }, (_, index) => ({ name: `n${index}`, gpus: 8 }));
  const bookings = nodes.map(({ name }) => ({ node: name, gpus: 8 }));
  const waiting = Array.from({ length: 5000 }, (_, index) =>
    aWaitingJob({
      id: `j${index}`,
      gpus: 1 + (index % 8),
      userId: Math.floor(random() * 60),
      createdAtMs: index,
    }),
  );
  let asked = 0;
  const row = aRow({ nodes, bookings, waiting });
  const counting = row.nodes.map((node) => ({
    ...node,
    get gpus() {
      asked++;
      return 8;
    },
  }));
  assert.equal(availabilityOf(viewOf({ ...row, nodes: counting }, FIFO)).available, 0);
  assert.ok(asked < 5 * nodes.length, `${asked}`);
});
