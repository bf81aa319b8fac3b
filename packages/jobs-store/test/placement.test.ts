/** Who starts where: by tables, and by many random clusters that also have to show a planted fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Amount,
  type Booked,
  inOrder,
  type Outlook,
  type PlacementNode,
  type PlacementQuestion,
  place,
  shareOf,
  viewOf,
} from "../src/placement/index.ts";
import { aRow, aWaitingJob, type NodeWish, type RowWish } from "./cluster-rows.ts";
import { generator } from "./generator.ts";

const size = (gpus: number, slots = 0): Amount => ({
  gpus,
  cpuMillis: 96_000,
  memoryMib: 1_000_000,
  slots,
});
const none: Amount = { gpus: 0, cpuMillis: 0, memoryMib: 0, slots: 0 };
const node = (name: string, gpus: number, more: Partial<PlacementNode> = {}): PlacementNode => ({
  name,
  size: size(gpus),
  foreign: none,
  isOpen: true,
  ...more,
});
const booked = (nodeName: string, gpus: number, of: number, endsAtMs = 1000): Booked => ({
  nodeName,
  amount: shareOf(size(of), gpus),
  endsAtMs,
});
const jobs = (...gpus: number[]) => gpus.map((gpus, index) => ({ jobId: `j${index}`, gpus }));
const shown = (question: PlacementQuestion) => {
  const { placed, waits } = place(question);
  return [
    ...placed.map(({ jobId, nodeName }) => `${jobId}@${nodeName}`),
    ...waits.map(({ jobId, why }) => `${jobId} ${why}`),
  ].sort();
};

describe("place", () => {
  const cases: [name: string, question: PlacementQuestion, expected: string[]][] = [
    [
      "the fullest node that holds a job gets it, so that large jobs find empty ones",
      { nodes: [node("a", 8), node("b", 8)], booked: [booked("b", 5, 8)], waiting: jobs(2, 8) },
      ["j0@b", "j1@a"],
    ],
    [
      "what no node could hold is passed over and holds nothing",
      { nodes: [node("a", 2), node("b", 2)], booked: [], waiting: jobs(8, 2, 2, 1) },
      ["j0 too_big", "j1@a", "j2@b", "j3 first"],
    ],
    [
      "the first of the others holds the node that frees soonest, and nobody overtakes it there",
      {
        nodes: [node("a", 8), node("b", 8)],
        booked: [booked("a", 4, 8, 2000), booked("b", 4, 8, 1000)],
        waiting: jobs(8, 4, 4),
      },
      ["j0 first", "j1@a", "j2 behind"],
    ],
    [
      "a node that is closed or taken by others counts for nothing",
      {
        nodes: [node("a", 8, { isOpen: false }), node("b", 8, { foreign: { ...none, gpus: 8 } })],
        booked: [],
        waiting: jobs(1),
      },
      ["j0 too_big"],
    ],
    [
      "GPUs alone are not enough: memory that others took is missing",
      {
        nodes: [node("a", 8, { foreign: { ...none, memoryMib: 900_000 } })],
        booked: [],
        waiting: jobs(4, 1),
      },
      ["j0 too_big", "j1 too_big"],
    ],
    [
      "a node that lost GPUs under its bookings takes nobody until it has room again",
      { nodes: [node("a", 7)], booked: [booked("a", 8, 8)], waiting: jobs(1) },
      ["j0 first"],
    ],
    [
      "jobs without GPUs go by slots",
      {
        nodes: [node("c", 0, { size: size(0, 2) })],
        booked: [],
        waiting: jobs(0, 0, 0),
      },
      ["j0@c", "j1@c", "j2 first"],
    ],
  ];
  for (const [name, question, expected] of cases) {
    test(name, () => assert.deepEqual(shown(question), expected));
  }

  test("the first one is told when it starts at the latest", () => {
    const { waits, heldNode } = place({
      nodes: [node("a", 8)],
      booked: [booked("a", 2, 8, 3000), booked("a", 6, 8, 5000)],
      waiting: jobs(4),
    });
    assert.deepEqual(waits, [{ jobId: "j0", why: "first", startsByMs: 5000 }]);
    assert.equal(heldNode, "a");
  });

  test("shares of one node never add up to more than the node", () => {
    for (const gpus of [1, 2, 3, 7, 8]) {
      const one = shareOf(size(gpus), 1);
      assert.ok(one.cpuMillis * gpus <= 96_000 && one.memoryMib * gpus <= 1_000_000);
    }
  });
});

/** Golden: what users read. */
describe("reasons", () => {
  const two = [
    { name: "a", gpus: 2 },
    { name: "b", gpus: 2 },
  ];
  const until = Date.UTC(2026, 0, 15, 14, 20);
  const full = [
    { node: "a", gpus: 2, endsAtMs: until, userId: 7 },
    { node: "b", gpus: 1, endsAtMs: until + 3_600_000 },
  ];
  const wishes = (...gpus: number[]) =>
    gpus.map((count, index) =>
      aWaitingJob({ id: `job-${index}`, gpus: count, createdAtMs: index }),
    );
  const closed = (...nodes: NodeWish[]) =>
    nodes.map((one) => ({ ...one, closedBecause: "new firmware, until noon" }));
  const quota = { user_id: 1, aws_role: null, gpu_type: "h100", max_gpus: 1, max_jobs: null };
  const owner = {
    user_id: 1,
    quotas: [{ ...quota, max_hours: null, max_disks: null }],
    by_type: {},
  };
  const cases: readonly (readonly [code: string, row: RowWish, ...golden: string[]])[] = [
    ["starts_now", { nodes: two, waiting: wishes(1) }, "There is room for it: it starts now."],
    [
      "quota",
      { nodes: two, waiting: wishes(2), owners: [owner] },
      "Waits for 2 h100 GPUs on one node: your quota lets no more of your jobs run. Others may start before it.",
      "End one of your jobs, or ask an operator for a larger quota.",
    ],
    [
      "no_free_node",
      { nodes: two, bookings: full, waiting: wishes(2) },
      "Waits for 2 h100 GPUs on one node: 1 is free on 1 node. On a, user-7's job running- has 2 until 2026-01-15 14:20 UTC. It is the first in line. It starts by 2026-01-15 14:20 UTC at the latest, unless a job before it is extended.",
      "A job of 1 h100 GPU would start now.",
    ],
    [
      "no_free_node",
      {
        nodes: two,
        bookings: [...full, { node: "b", gpus: 1, endsAtMs: until }],
        waiting: wishes(2, 1),
      },
      "Waits for 1 h100 GPU on one node: none is free. On b, user-1's job running- has 1 until 2026-01-15 14:20 UTC, user-1's job running- has 1 until 2026-01-15 15:20 UTC. 1 job is ahead of it.",
    ],
    [
      "others_first",
      {
        nodes: [{ name: "a", gpus: 2 }],
        bookings: [{ node: "a", gpus: 1 }],
        waiting: wishes(2, 1),
      },
      "Waits for 1 h100 GPU on one node: there is room on one, which is kept for a job that goes before it; none is free elsewhere. 1 job is ahead of it.",
    ],
    [
      "drained",
      { nodes: closed(...two), waiting: wishes(2) },
      "Waits for 2 h100 GPUs on one node: 2 nodes are closed by an operator: new firmware, until noon.",
      "Wait until an operator opens it again, or ask for another type of GPU.",
    ],
    [
      "no_free_node",
      {
        nodes: [...closed({ name: "c", gpus: 2 }), { name: "a", gpus: 2 }],
        bookings: [{ node: "a", gpus: 2, endsAtMs: until }],
        waiting: wishes(1),
      },
      "Waits for 1 h100 GPU on one node: none is free. On a, user-1's job running- has 2 until 2026-01-15 14:20 UTC. It is the first in line. It starts by 2026-01-15 14:20 UTC at the latest, unless a job before it is extended. Node c is closed by an operator: new firmware, until noon.",
    ],
    [
      "too_big",
      { nodes: two, waiting: wishes(8) },
      "Waits for 8 h100 GPUs on one node: no node at present has more than 2 for jobs. Others may start before it.",
      "Ask for 2 at most, or wait for a larger node.",
      "A job of 2 h100 GPUs would start now.",
    ],
    [
      "too_big",
      { nodes: [{ name: "a", gpus: 8, foreignGpus: 6 }], waiting: wishes(8) },
      "Waits for 8 h100 GPUs on one node: no node at present has more than 2 for jobs. On a, pods that are no jobs have 6. Others may start before it.",
      "Ask for 2 at most, or wait for a larger node.",
      "A job of 2 h100 GPUs would start now.",
    ],
    [
      "no_nodes",
      { nodes: [], waiting: wishes(1) },
      "Waits for 1 h100 GPU on one node: there is no h100 node at present.",
      "Ask for another type of GPU, or wait until there are nodes.",
    ],
    [
      "nodes_closed",
      { nodes: two.map((one) => ({ ...one, isReady: false })), waiting: wishes(1) },
      "Waits for 1 h100 GPU on one node: no h100 node takes jobs at present.",
      "Ask for another type of GPU, or wait until there are nodes.",
    ],
    [
      "disk_in_use",
      {
        nodes: two,
        waiting: [
          aWaitingJob({ id: "j", gpus: 1, disk: { disk_id: "d", disk_holder: "1a2b3c4d-0000" } }),
        ],
      },
      "Waits for its disk data: job 1a2b3c4d has it.",
      "End job 1a2b3c4d, or ask for this one without a disk or with another one.",
    ],
    [
      "disk_not_ready",
      {
        nodes: two,
        waiting: [aWaitingJob({ id: "j", gpus: 1, disk: { disk_id: "d", disk_is_held: true } })],
      },
      "Waits for its disk data: it is being backed up.",
    ],
    [
      "disk_not_ready",
      {
        nodes: two,
        waiting: [
          aWaitingJob({
            id: "j",
            gpus: 1,
            disk: { disk_id: "d", disk_state: "failed", disk_fault: "Its snapshot is gone." },
          }),
        ],
      },
      "Waits for its disk data, which could not be made: Its snapshot is gone.",
      "End this job, then delete the disk data.",
    ],
    [
      "disk_not_ready",
      {
        nodes: two,
        waiting: [
          aWaitingJob({
            id: "j",
            gpus: 1,
            disk: { disk_id: "d", disk_state: "wanted", disk_fault: "no space." },
          }),
        ],
      },
      "Waits for its disk data: its volume is being made. It could not be made yet: no space.",
    ],
    [
      "no_free_node",
      {
        nodes: [{ name: "c", slots: 1 }],
        bookings: [{ node: "c", gpus: 0, endsAtMs: until }],
        waiting: wishes(0),
      },
      "Waits for a place on a h100 node: none is free. On c, user-1's job running- has a place until 2026-01-15 14:20 UTC. It is the first in line. It starts by 2026-01-15 14:20 UTC at the latest, unless a job before it is extended.",
    ],
  ];
  for (const [code, wish, ...golden] of cases) {
    test(`${code}: ${golden[0]}`, () => {
      const { outlooks } = viewOf(aRow(wish), { order: "fifo", maxWaitHours: 24 });
      const { reason } = [...outlooks.values()].at(-1) as Outlook;
      assert.deepEqual([reason.code, reason.sentence, ...reason.remedies], [code, ...golden]);
    });
  }

  test("nobody looks at the cluster: nothing is said of its nodes", () => {
    const row = { ...aRow({ nodes: two, waiting: wishes(1) }), is_seen: false };
    const view = viewOf(row, { order: "fifo", maxWaitHours: 24 });
    assert.equal(view.outlooks.get("job-0")?.reason.code, "cluster_unseen");
  });
});

describe("order", () => {
  const HOUR_MS = 3_600_000;
  const rules = { order: "fair", maxWaitHours: 24 } as const;
  const line = (...jobs: [id: string, userId: number, gpus: number, createdAtHours: number][]) =>
    jobs.map(([jobId, userId, gpus, at]) => ({ jobId, userId, gpus, createdAtMs: at * HOUR_MS }));
  const ids = (...args: Parameters<typeof inOrder>) => inOrder(...args).map(({ jobId }) => jobId);

  test("whoever submits many at once has his second one behind the first ones of others", () => {
    const jobs = line(
      ["a1", 1, 1, 1],
      ["a2", 1, 1, 1],
      ["a3", 1, 1, 1],
      ["b1", 2, 1, 2],
      ["b2", 2, 4, 2],
    );
    assert.deepEqual(ids(jobs, new Map(), rules, 3 * HOUR_MS), ["a1", "b1", "a2", "b2", "a3"]);
    assert.deepEqual(ids(jobs, new Map(), { ...rules, order: "fifo" }, 3 * HOUR_MS), [
      "a1",
      "a2",
      "a3",
      "b1",
      "b2",
    ]);
  });

  test("what a user holds already comes before what he waits for", () => {
    const jobs = line(["a1", 1, 1, 1], ["b1", 2, 8, 2]);
    assert.deepEqual(ids(jobs, new Map([[1, 4]]), rules, 3 * HOUR_MS), ["b1", "a1"]);
  });

  test("whoever has waited for a day goes first, by time alone, whatever he holds", () => {
    const jobs = line(["a1", 1, 1, 1], ["a2", 1, 1, 2], ["b1", 2, 1, 24]);
    assert.deepEqual(ids(jobs, new Map([[1, 100]]), rules, 25.5 * HOUR_MS), ["a1", "b1", "a2"]);
    assert.deepEqual(ids(jobs, new Map([[1, 100]]), rules, 26 * HOUR_MS), ["a1", "a2", "b1"]);
  });
});

describe("over time", () => {
  /** A cluster on which jobs of random sizes come and go; says what is wrong with it. */
  function run(seed: number, decide: typeof place): string[] {
    const random = generator(seed);
    const pick = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
    const nodes = Array.from({ length: pick(1, 4) }, (_, index) => node(`n${index}`, 8));
    const wrong: string[] = [];
    let running: (Booked & { jobId: string })[] = [];
    let waiting: { jobId: string; gpus: number }[] = [];
    const since = new Map<string, number>();
    let made = 0;
    for (let now = 0; now < 60; now++) {
      running = running.filter(({ endsAtMs }) => endsAtMs > now);
      for (let count = pick(0, 3); count > 0; count--) {
        waiting.push({ jobId: `j${made++}`, gpus: random() < 0.1 ? 8 : pick(1, 4) });
      }
      const question = { nodes, booked: running, waiting };
      const { placed, waits, heldNode } = decide(question);
      const holder = waits.find(({ why }) => why === "first");
      for (const { jobId, nodeName, amount } of placed) {
        running.push({ jobId, nodeName, amount, endsAtMs: now + pick(1, 5) });
        const isBehind = holder !== undefined && numberOf(jobId) > numberOf(holder.jobId);
        if (isBehind && nodeName === heldNode) wrong.push(`${jobId} overtakes on ${nodeName}`);
      }
      for (const { name } of nodes) {
        const gpus = running
          .filter(({ nodeName }) => nodeName === name)
          .reduce((sum, { amount }) => sum + amount.gpus, 0);
        if (gpus > 8) wrong.push(`${gpus} GPUs on ${name}`);
      }
      waiting = waiting.filter(({ jobId }) => !placed.some((one) => one.jobId === jobId));
      const smallest = Math.min(...waiting.map(({ gpus }) => gpus));
      for (const { jobId, nodeName, amount } of placed) {
        // whoever started wanted no more than one before it that still waits
        const before = waiting.filter((one) => numberOf(one.jobId) < numberOf(jobId));
        if (before.some(({ gpus }) => gpus <= amount.gpus))
          wrong.push(`${jobId}@${nodeName} first`);
      }
      const idle = nodes.filter(({ name }) => running.every(({ nodeName }) => nodeName !== name));
      if (idle.length > 0 && smallest <= 8) wrong.push(`${idle[0]?.name} idle while jobs wait`);
      if (holder) {
        const begun = since.get(holder.jobId) ?? now;
        since.set(holder.jobId, begun);
        // the longest job takes 5, and nobody starts on the node meanwhile
        if (now - begun > 5) wrong.push(`${holder.jobId} is first for ${now - begun}`);
      }
    }
    return wrong;
  }

  test("nothing is over a node's size, nobody overtakes, no large job starves", () => {
    for (let seed = 1; seed <= 300; seed++) assert.deepEqual(run(seed, place), [], `seed ${seed}`);
  });

  test("a placement that holds no node is found out", () => {
    const greedy: typeof place = (question) => {
      const { waiting } = question;
      const small = { ...question, waiting: waiting.filter(({ gpus }) => gpus < 8) };
      const large = { ...question, waiting: waiting.filter(({ gpus }) => gpus === 8) };
      const first = place(small);
      const added = first.placed.map((one) => ({ ...one, endsAtMs: Number.MAX_SAFE_INTEGER }));
      const second = place({ ...large, booked: [...question.booked, ...added] });
      return { ...second, placed: [...first.placed, ...second.placed], heldNode: undefined };
    };
    const found = Array.from({ length: 50 }, (_, index) => run(index + 1, greedy)).flat();
    assert.ok(found.some((words) => / is first for /.test(words)));
  });
});

const numberOf = (jobId: string): number => Number(jobId.slice(1));
