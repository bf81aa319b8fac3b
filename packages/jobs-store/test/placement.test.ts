/** Who starts where: by tables, and by many random clusters that also have to show a planted fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Amount,
  type Booked,
  type PlacementNode,
  type PlacementQuestion,
  place,
  shareOf,
  whyItWaits,
} from "../src/placement/index.ts";
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

test("sentences say what is missing", () => {
  const say = (question: PlacementQuestion, index: number) => {
    const placement = place(question);
    const waits = placement.waits[index];
    assert.ok(waits);
    const gpus = question.waiting.find(({ jobId }) => jobId === waits.jobId)?.gpus ?? 0;
    return whyItWaits(waits, { gpuType: "h100", gpus, question, placement });
  };
  const nodes = [node("a", 2), node("b", 2)];
  assert.equal(
    say({ nodes, booked: [], waiting: jobs(8) }, 0),
    "Waits for 8 h100 GPUs on one node: no node at present has more than 2 for jobs. Others may start before it.",
  );
  assert.equal(
    say({ nodes: [], booked: [], waiting: jobs(1) }, 0),
    "Waits: there is no h100 node at present.",
  );
  const full = [booked("a", 2, 2, 60_000), booked("b", 1, 2, 120_000)];
  assert.equal(
    say({ nodes, booked: full, waiting: jobs(2) }, 0),
    "Waits for 2 h100 GPUs on one node: 1 is free on 1 node. It is the first in line. It starts by 1970-01-01 00:01 UTC at the latest, unless a job before it is extended.",
  );
  assert.match(say({ nodes, booked: full, waiting: jobs(2, 2) }, 1), /1 job is ahead of it\.$/);
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
