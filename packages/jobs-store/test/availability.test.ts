/** What is told to be free is what a job would get: by many generated clusters, which also show planted faults. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Amount,
  type Availability,
  availabilityOf,
  type Booked,
  type PlacementNode,
  type PlacementQuestion,
  place,
  shareOf,
} from "../src/placement/index.ts";
import { generator } from "./generator.ts";

const NONE: Amount = { gpus: 0, cpuMillis: 0, memoryMib: 0, slots: 0 };

/** Nodes of several sizes, some closed, some with foreign pods, some with more booked than they have. */
function generate(seed: number): PlacementQuestion {
  const random = generator(seed);
  const pick = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const isBySlots = random() < 0.2;
  const nodes: PlacementNode[] = Array.from({ length: pick(0, 5) }, (_, index) => ({
    name: `n${index}`,
    size: {
      gpus: isBySlots ? 0 : pick(1, 8),
      cpuMillis: pick(0, 100_000),
      memoryMib: pick(0, 1_000_000),
      slots: isBySlots ? pick(1, 4) : 0,
    },
    foreign:
      random() < 0.3
        ? { gpus: isBySlots ? 0 : pick(0, 3), cpuMillis: pick(0, 50_000), memoryMib: 0, slots: 0 }
        : NONE,
    isOpen: random() < 0.85,
  }));
  const booked: Booked[] = nodes.flatMap(({ name, size }) =>
    Array.from({ length: pick(0, 2) }, () => ({
      nodeName: name,
      amount: shareOf(size, isBySlots ? 0 : pick(1, 4)),
      endsAtMs: pick(1, 9) * 1000,
    })),
  );
  const waiting = Array.from({ length: pick(0, 6) }, (_, index) => ({
    jobId: `j${index}`,
    gpus: isBySlots ? 0 : pick(1, 8),
  }));
  return { nodes, booked, waiting };
}

const LARGEST = 12;

/** What is wrong with what `tell` says, by what happens to a job that comes now. */
function wrongOf(question: PlacementQuestion, tell: typeof availabilityOf): string[] {
  const told = tell(question);
  const isBySlots = question.nodes.some(({ size }) => size.slots > 0);
  const sizes = isBySlots ? [0] : Array.from({ length: LARGEST }, (_, index) => index + 1);
  const [smallest = 1] = sizes;
  const askedFor = (gpus: number) => {
    const answer = place({
      ...question,
      waiting: [...question.waiting, { jobId: "new", gpus }],
    });
    return {
      starts: answer.placed.some(({ jobId }) => jobId === "new"),
      wait: answer.waits.find(({ jobId }) => jobId === "new"),
    };
  };
  const wrong: string[] = [];
  const compare = (what: keyof Availability, found: number) => {
    if (told[what] !== found) wrong.push(`${what} is told to be ${told[what]}, and is ${found}`);
  };
  // the smallest jobs, one after the other, until one has to wait
  let fits = 0;
  for (let more = [...question.waiting]; fits < 100; fits++) {
    more = [...more, { jobId: `new${fits}`, gpus: smallest }];
    if (!place({ ...question, waiting: more }).placed.some(({ jobId }) => jobId === `new${fits}`)) {
      break;
    }
  }
  if (told.available > 0 !== fits > 0) compare("available", fits);
  // rounding leaves more room for many small ones than for a large one
  if (told.available > fits) compare("available", fits);
  const startsNow = sizes.filter((gpus) => askedFor(gpus).starts);
  const most = Math.max(0, ...startsNow);
  if (told.available < most) compare("available", most);
  if (!isBySlots) {
    const able = sizes.filter((gpus) => askedFor(gpus).wait?.why !== "too_big");
    compare("max_per_node", Math.max(0, ...able));
  } else if (told.max_per_node > 0 !== (askedFor(0).wait?.why !== "too_big")) {
    wrong.push(`max_per_node is told to be ${told.max_per_node}`);
  }
  const { placed, waits } = place(question);
  const ids = new Set(waits.map(({ jobId }) => jobId));
  const units = (gpus: number) => Math.max(1, gpus);
  compare(
    "queued",
    question.waiting
      .filter(({ jobId }) => ids.has(jobId))
      .reduce((sum, { gpus }) => sum + units(gpus), 0),
  );
  const taken = [...question.booked, ...placed].map(({ amount }) => amount.gpus + amount.slots);
  compare(
    "in_use",
    taken.reduce((sum, one) => sum + one, 0),
  );
  return wrong;
}

const SEEDS = 2000;
const allWrong = (tell: typeof availabilityOf): string[] =>
  Array.from({ length: SEEDS }, (_, index) => index + 1).flatMap((seed) =>
    wrongOf(generate(seed), tell).map((words) => `seed ${seed}: ${words}`),
  );

test("what is told is what a job that comes now would get", () => {
  assert.deepEqual(allWrong(availabilityOf), []);
});

/** Each a way in which the two were, or could be, computed apart. */
const FAULTS: Readonly<Record<string, typeof availabilityOf>> = {
  "the node that the first one waits for counts as free": (question) => ({
    ...availabilityOf(question),
    available: availabilityOf({ ...question, waiting: [] }).available,
  }),
  "GPUs count without the CPU that goes with them": (question) => ({
    ...availabilityOf(question),
    available: availabilityOf({
      ...question,
      nodes: question.nodes.map((node) => ({
        ...node,
        foreign: { ...NONE, gpus: node.foreign.gpus },
      })),
    }).available,
  }),
  "closed nodes count": (question) => ({
    ...availabilityOf(question),
    max_per_node: Math.max(0, ...question.nodes.map(({ size }) => size.gpus + size.slots)),
  }),
  "jobs that start this moment count as waiting": (question) => ({
    ...availabilityOf(question),
    queued: question.waiting.reduce((sum, { gpus }) => sum + Math.max(1, gpus), 0),
  }),
};
for (const [name, fault] of Object.entries(FAULTS)) {
  test(`planted: ${name}, which is found out`, () => assert.ok(allWrong(fault).length > 0));
}

test("nodes that take nobody are there all the same, and jobs on them hold what they hold", () => {
  const size = { gpus: 8, cpuMillis: 96_000, memoryMib: 1_000_000, slots: 0 };
  const node = (name: string, isOpen = true) => ({ name, size, foreign: NONE, isOpen });
  const booked = (nodeName: string, gpus: number) => ({
    nodeName,
    amount: shareOf(size, gpus),
    endsAtMs: 1000,
  });
  const nodes = [node("a"), node("b"), node("c", false)];
  const question = { nodes, booked: [booked("a", 4), booked("b", 2), booked("c", 1)], waiting: [] };
  const told = { total: 24, available: 10, in_use: 7, queued: 0, max_per_node: 8 };
  assert.deepEqual(availabilityOf(question), told);
  const waiting = [
    { jobId: "large", gpus: 8 },
    { jobId: "small", gpus: 1 },
  ];
  // the node that the large job waits for is nobody else's
  assert.deepEqual(availabilityOf({ ...question, waiting }), {
    ...told,
    available: 3,
    in_use: 8,
    queued: 8,
  });
});

test("ten thousand jobs on a thousand nodes are gone through once for each size", () => {
  const size = { gpus: 8, cpuMillis: 96_000, memoryMib: 1_000_000, slots: 0 };
  const nodes = Array.from({ length: 1000 }, (_, index) => ({
    name: `n${index}`,
    size,
    foreign: NONE,
    isOpen: true,
  }));
  let asked = 0;
  const counting = nodes.map((node) => ({
    ...node,
    get size() {
      asked++;
      return size;
    },
  }));
  const booked = nodes.map(({ name }) => ({
    nodeName: name,
    amount: shareOf(size, 8),
    endsAtMs: 1000,
  }));
  const waiting = Array.from({ length: 10_000 }, (_, index) => ({
    jobId: `j${index}`,
    gpus: 1 + (index % 8),
  }));
  assert.equal(availabilityOf({ nodes: counting, booked, waiting }).available, 0);
  // eight sizes, each looked for twice, and a few times more for each node
  assert.ok(asked < 40 * nodes.length, `${asked}`);
});
