/** Which limit decides, and what it says: without a database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  breachOf,
  breachSentence,
  diskBreachOf,
  type Holdings,
  hoursLimitOf,
  type QuotaRow,
} from "../src/index.ts";

const NO_LIMITS = { max_gpus: null, max_jobs: null, max_hours: null, max_disks: null };
const everybody = { user_id: null, aws_role: null, gpu_type: null, ...NO_LIMITS };
const role = { ...everybody, aws_role: "Research" };
const user = { ...everybody, user_id: 7 };
const holding = (...quotas: QuotaRow[]): Holdings => ({
  quotas,
  by_type: { h100: { gpus: 4, jobs: 2 }, a100: { gpus: 1, jobs: 1 } },
  disks: 3,
});
const wish = { gpuType: "h100", gpus: 2, hours: 8 };

test("no row, no limit", () => {
  assert.equal(breachOf(holding(), wish), undefined);
  assert.equal(diskBreachOf(holding()), undefined);
  assert.equal(hoursLimitOf([], "h100"), undefined);
});

for (const [name, quotas, sentence] of [
  ["as many as there may be", [{ ...everybody, max_gpus: 7 }], undefined],
  [
    "one too many, of all types",
    [{ ...everybody, max_gpus: 6 }],
    "Your quota is 6 GPUs at once, and you have 5; this job wants 2 more.",
  ],
  [
    "one too many of the type",
    [{ ...everybody, gpu_type: "h100", max_gpus: 5 }],
    "Your quota is 5 GPUs of type h100 at once, and you have 4; this job wants 2 more.",
  ],
  ["another type's limit", [{ ...everybody, gpu_type: "a100", max_gpus: 0 }], undefined],
  [
    "jobs, of which one is no plural",
    [{ ...everybody, max_jobs: 1 }],
    "Your quota is 1 job at once, and you have 3.",
  ],
  [
    "hours of one job",
    [{ ...role, gpu_type: "h100", max_hours: 4 }],
    "Your quota is 4 hours a job of type h100; this one would have 8.",
  ],
  [
    "the user's own row before the role's",
    [
      { ...role, max_gpus: 0 },
      { ...user, max_gpus: 9 },
    ],
    undefined,
  ],
  [
    "the role's row before everybody's",
    [
      { ...everybody, max_jobs: 99 },
      { ...role, max_jobs: 2 },
    ],
    "Your quota is 2 jobs at once, and you have 3.",
  ],
  [
    "a close row that does not set it",
    [
      { ...everybody, max_jobs: 2 },
      { ...user, max_gpus: 99 },
    ],
    "Your quota is 2 jobs at once, and you have 3.",
  ],
] as const) {
  test(`${name}: ${sentence ?? "goes"}`, () => {
    const breach = breachOf(holding(...quotas), wish);
    assert.equal(breach && breachSentence(breach), sentence);
  });
}

test("a job without GPUs breaks no limit of GPUs, however many are held", () => {
  const held = holding({ ...everybody, max_gpus: 1 });
  assert.equal(breachOf(held, { ...wish, gpus: 0 }), undefined);
});

test("disks, and the shorter of two limits of hours", () => {
  const breach = diskBreachOf(holding({ ...user, max_disks: 3 }));
  assert.equal(breach && breachSentence(breach), "Your quota is 3 disks at once, and you have 3.");
  const quotas = [
    { ...everybody, max_hours: 24 },
    { ...role, gpu_type: "h100", max_hours: 12 },
  ];
  assert.equal(hoursLimitOf(quotas, "h100"), 12);
  assert.equal(hoursLimitOf(quotas, "a100"), 24);
});
