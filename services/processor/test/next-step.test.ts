/** Every state of a job against everything that the cluster may show of it: one step each. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FINAL_STATES, JOB_STATES, toldOf } from "@airlock/jobs-store";
import { type ChoresView, type JobView, LIMITS } from "../src/reconcile/job-view.ts";
import { nextStep } from "../src/reconcile/next-step.ts";
import type { NodeSight, PodSight, Sight } from "../src/reconcile/sight.ts";
import type { Step, Wait } from "../src/reconcile/step.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RUNS = "Runs. It has no disk: what is in /home/dev goes with it.";
const NOW = Date.parse("2026-03-01T12:00:00Z");

const booking = {
  podName: "gpu-dev-x",
  nodeName: "n1",
  memoryMib: 4096,
  podUid: "u1" as string | undefined,
  isGivenBack: false,
};
const NO_CHORES: ChoresView = {
  hasFiles: true,
  filesVersion: 0,
  putVersion: 0,
  pokesLeft: 0,
  pokeAtMs: undefined,
  hasNextTask: false,
  taskDueAtMs: undefined,
  hasBegunTasks: false,
};
const NO_FILES: ChoresView = { ...NO_CHORES, hasFiles: false };
const job = (more: Partial<JobView> = {}): JobView => ({
  jobId: "abcd1234-x",
  status: "active",
  endAs: undefined,
  gpuType: "h100",
  isOffered: true,
  hasCommand: true,
  keep: false,
  diskName: undefined,
  isDiskGone: false,
  generation: 1,
  createdAtMs: NOW - HOUR,
  statusSinceMs: NOW - MINUTE,
  launchedAtMs: NOW - MINUTE,
  expiresAtMs: NOW + 2 * HOUR,
  warningsSent: {},
  detail: undefined,
  hasLog: false,
  exitCode: undefined,
  booking,
  chores: NO_CHORES,
  ...more,
});
const asked = (chores: Partial<ChoresView>, more: Partial<JobView> = {}) =>
  job({ chores: { ...NO_CHORES, ...chores }, ...more });
const queued = (more: Partial<JobView> = {}) =>
  job({
    status: "queued",
    booking: undefined,
    launchedAtMs: undefined,
    expiresAtMs: undefined,
    ...more,
  });
const preparing = (more: Partial<JobView> = {}) =>
  job({ status: "preparing", launchedAtMs: undefined, expiresAtMs: undefined, ...more });
const unproved = { ...booking, podUid: undefined };

const pod = (more: Partial<PodSight> = {}): PodSight => ({
  uid: "u1",
  generation: 1,
  isEnding: false,
  phase: "Running",
  reason: "",
  message: "",
  nodeName: "n1",
  hostIp: "10.0.0.1",
  isReady: true,
  hasStarted: true,
  unscheduled: undefined,
  scheduledAtMs: NOW - MINUTE,
  waiting: undefined,
  ended: undefined,
  disruption: undefined,
  ...more,
});
const pending = (more: Partial<PodSight> = {}) =>
  pod({ phase: "Pending", isReady: false, hasStarted: false, ...more });
const ended = (exitCode: number, reason = exitCode === 0 ? "Completed" : "Error") =>
  pod({
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    isReady: false,
    ended: { exitCode, reason, message: "", container: "job" },
  });
const healthy: NodeSight = {
  isThere: true,
  isReady: true,
  isAnother: false,
  sinceMs: NOW - HOUR,
  externalIp: undefined,
};
const silent = { ...healthy, isReady: false, sinceMs: NOW - MINUTE };
const gone: NodeSight = { ...healthy, isThere: false, isReady: false, sinceMs: undefined };
const seen = (
  pod?: PodSight,
  node: NodeSight | undefined = healthy,
  isNameTaken = false,
): Sight => ({
  pod,
  node,
  isNameTaken,
});

const step = (job: JobView, sight: Sight): Step => nextStep(job, sight, LIMITS, NOW);
/** In one line: what is done, and what the owner is told. */
const told = (step: Step): string => {
  const words = "reason" in step ? step.reason : "detail" in step ? step.detail : undefined;
  if (step.do === "activate") return `activate ${step.nodeIp}`;
  const as = "as" in step ? ` ${step.as}` : "";
  return `${step.do}${as}${words === undefined ? "" : `: ${words}`}`;
};

type Case = readonly [name: string, job: JobView, sight: Sight, expected: string];

const CASES: readonly Case[] = [
  ["queued: waits for placement", queued(), seen(), "wait"],
  ["queued, cancelled", queued({ endAs: "cancelled" }), seen(), "finish cancelled"],
  [
    "queued for longer than is waited",
    queued({ createdAtMs: NOW - 48 * HOUR }),
    seen(),
    "finish cancelled: No node was free for it in 48 hours.",
  ],
  [
    "queued, of a type that is no longer offered",
    queued({ isOffered: false }),
    seen(),
    "finish failed: Machines of the type h100 are no longer offered.",
  ],
  [
    "queued, its disk is not there",
    queued({ diskName: "data", isDiskGone: true }),
    seen(),
    "finish failed: There is no disk data any more.",
  ],
  ["pending, as the first release wrote it", queued({ status: "pending" }), seen(), "wait"],

  [
    "preparing without a booking",
    preparing({ booking: undefined }),
    seen(),
    "requeue: Waits for a node.",
  ],
  ["preparing, no pod proved", preparing({ booking: unproved }), seen(), "make_pod"],
  [
    "preparing, no pod proved, but one is there: it is looked up, not made again",
    preparing({ booking: unproved }),
    seen(pending()),
    "make_pod",
  ],
  [
    "preparing, the name is another pod's",
    preparing({ booking: unproved }),
    seen(undefined, healthy, true),
    "wait: Waits until the name gpu-dev-x is free: another pod has it.",
  ],
  [
    "preparing for too long without a pod",
    preparing({ booking: unproved, statusSinceMs: NOW - HOUR, detail: "The quota is used up." }),
    seen(),
    "end failed: It did not start within 60 minutes. Last: The quota is used up.",
  ],
  [
    "preparing, pod not scheduled",
    preparing(),
    seen(
      pending({
        unscheduled:
          "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity.",
      }),
    ),
    "wait: Waits for its node: of the cluster's nodes, 1 is with too little free CPU.",
  ],
  [
    "preparing, image being pulled",
    preparing(),
    seen(pending({ waiting: { reason: "ContainerCreating", message: "" } })),
    "wait: Its pod starts on n1: the image is pulled, unless it is there already.",
  ],
  [
    "preparing, image name invalid",
    preparing(),
    seen(pending({ waiting: { reason: "InvalidImageName", message: "x" } })),
    "end failed: The image's name is not a valid one.",
  ],
  [
    "preparing, image not found for a moment",
    preparing({ statusSinceMs: NOW - 30_000 }),
    seen(
      pending({
        scheduledAtMs: NOW - 30_000,
        waiting: { reason: "ErrImagePull", message: "manifest unknown" },
      }),
    ),
    "wait: The image cannot be pulled: manifest unknown",
  ],
  [
    "preparing, image not found for long",
    preparing({ statusSinceMs: NOW - 2 * MINUTE }),
    seen(
      pending({
        scheduledAtMs: NOW - 100_000,
        waiting: { reason: "ImagePullBackOff", message: "pull access denied" },
      }),
    ),
    "end failed: The image cannot be pulled: pull access denied",
  ],
  [
    "preparing, registry busy",
    preparing({ statusSinceMs: NOW - 10 * MINUTE }),
    seen(
      pending({ waiting: { reason: "ErrImagePull", message: "429 Too Many Requests: denied" } }),
    ),
    "wait: The image is being pulled; the last try failed: 429 Too Many Requests: denied",
  ],
  [
    "preparing, the time for it is over",
    preparing({ statusSinceMs: NOW - HOUR, detail: "Its pod starts on n1." }),
    seen(pending()),
    "end failed: It did not start within 60 minutes. Last: Its pod starts on n1.",
  ],
  ["preparing, pod ready", preparing(), seen(pod()), "activate 10.0.0.1"],
  [
    "preparing, pod ready, on a node that the world reaches",
    preparing(),
    seen(pod(), { ...healthy, externalIp: "203.0.113.7" }),
    "activate 203.0.113.7",
  ],
  ["preparing, command was quick", preparing(), seen(ended(0)), "activate 10.0.0.1"],
  ["preparing, command failed quickly", preparing(), seen(ended(3)), "activate 10.0.0.1"],
  [
    "preparing, no shell in the image",
    preparing(),
    seen(
      pending({
        phase: "Failed",
        ended: {
          exitCode: 128,
          reason: "StartError",
          message: "exec: /bin/sh: no such file",
          container: "job",
        },
      }),
    ),
    "end failed: The image's container could not be started: exec: /bin/sh: no such file.",
  ],
  [
    "preparing, refused by its node",
    preparing(),
    seen(pending({ phase: "Failed", reason: "OutOfnvidia.com/gpu", message: "no room" })),
    "give_back: Its node did not take it (OutOfnvidia.com/gpu); it goes to another one.",
  ],
  [
    "preparing, refused by node after node",
    preparing({ generation: 5 }),
    seen(pending({ phase: "Failed", reason: "UnexpectedAdmissionError", message: "no device" })),
    "end failed: Nodes refused its pod 5 times: no device",
  ],
  [
    "preparing, given back, pod there still",
    preparing({ booking: { ...booking, isGivenBack: true } }),
    seen(pending({ isEnding: true })),
    "wait: Ends: its processes have been told to stop.",
  ],
  [
    "preparing, given back and gone",
    preparing({ booking: { ...booking, isGivenBack: true } }),
    seen(),
    "requeue: Waits for another node: the one before did not take it.",
  ],
  [
    "preparing, a Secret or the port is missing, the pod runs",
    preparing({ chores: NO_FILES }),
    seen(pod()),
    "make_pod",
  ],
  [
    "preparing, a Secret or the port is missing, the pod is over",
    preparing({ chores: NO_FILES }),
    seen(ended(0)),
    "activate 10.0.0.1",
  ],
  [
    "preparing, a Secret or the port is missing, the pod is gone",
    preparing({ chores: NO_FILES }),
    seen(),
    "end failed: Its pod was deleted by somebody else than Airlock.",
  ],
  [
    "preparing, a Secret or the port is missing for too long",
    preparing({ chores: NO_FILES, statusSinceMs: NOW - HOUR, detail: "exceeded quota." }),
    seen(pod()),
    "end failed: It runs, but it could not be opened within 60 minutes. Last: exceeded quota.",
  ],
  [
    "preparing, pod deleted by hand",
    preparing(),
    seen(),
    "end failed: Its pod was deleted by somebody else than Airlock.",
  ],
  [
    "preparing, cancelled before the pod",
    preparing({ endAs: "cancelled", booking: unproved }),
    seen(),
    "finish cancelled",
  ],
  [
    "preparing, cancelled with a pod",
    preparing({ endAs: "cancelled" }),
    seen(pending()),
    "remove_pod",
  ],

  ["active", job(), seen(pod()), `wait: ${RUNS}`],
  [
    "active, with a disk",
    job({ diskName: "data" }),
    seen(pod()),
    "wait: Runs. /home/dev is on its disk data.",
  ],
  [
    "active, something asked",
    asked({ hasNextTask: true, filesVersion: 1 }),
    seen(pod()),
    "begin_task",
  ],
  [
    "active, files changed",
    asked({ filesVersion: 1, hasBegunTasks: true }),
    seen(pod()),
    "put_files",
  ],
  [
    "active, files changed, of a version that did not put them",
    asked({ filesVersion: 1, hasFiles: false }),
    seen(pod()),
    `wait: ${RUNS}`,
  ],
  [
    "active, its node to be told",
    asked({ pokesLeft: 2, hasBegunTasks: true }),
    seen(pod()),
    "poke",
  ],
  [
    "active, its node to be told again in a moment",
    asked({ pokesLeft: 1, pokeAtMs: NOW + 3000, hasBegunTasks: true }),
    seen(pod()),
    `wait: ${RUNS}`,
  ],
  ["active, its node told", asked({ hasBegunTasks: true }), seen(pod()), "finish_tasks"],
  [
    "active, asked, and ending",
    asked({ hasNextTask: true }, { endAs: "cancelled" }),
    seen(pod()),
    "keep_log",
  ],
  ["active, asked, command ended", asked({ hasNextTask: true }), seen(ended(0)), "end completed"],
  ["active, command ended", job(), seen(ended(0)), "end completed"],
  [
    "active, command failed",
    job(),
    seen(ended(3)),
    "end failed: The command ended with exit code 3.",
  ],
  [
    "active, kept after its command, and yet ended",
    job({ keep: true }),
    seen(ended(0)),
    "end failed: Its container ended by itself, with exit code 0.",
  ],
  [
    "active box, ended by itself",
    job({ hasCommand: false }),
    seen(ended(1)),
    "end failed: Its container ended by itself, with exit code 1.",
  ],
  [
    "active, out of memory",
    job(),
    seen(ended(137, "OOMKilled")),
    "end failed: It ran out of memory (it had 4096 MiB).",
  ],
  [
    "active, evicted",
    job(),
    seen(
      pod({
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: memory. ",
      }),
    ),
    "end failed: Its node put it out: The node was low on resource: memory.",
  ],
  [
    "active, node shut down",
    job(),
    seen(pod({ phase: "Failed", reason: "Terminated", message: "Pod was terminated" })),
    "end failed: Its node was shut down.",
  ],
  [
    "active, preempted",
    job(),
    seen(pod({ isEnding: true, disruption: { reason: "PreemptionByScheduler", message: "" } })),
    "end failed: The cluster took its node for a pod that goes before it.",
  ],
  [
    "active, node drained",
    job(),
    seen(pod({ isEnding: true, disruption: { reason: "EvictionByEvictionAPI", message: "" } })),
    "end failed: Its node was emptied, as for maintenance.",
  ],
  [
    "active, deleted by hand, ending",
    job(),
    seen(pod({ isEnding: true })),
    "end failed: Its pod was deleted by somebody else than Airlock.",
  ],
  [
    "active, deleted by hand, gone",
    job(),
    seen(),
    "end failed: Its pod was deleted by somebody else than Airlock.",
  ],
  [
    "active, another pod under its name",
    job(),
    seen(pod({ uid: "u2" })),
    "end failed: Its pod was deleted by somebody else than Airlock.",
  ],
  [
    "active, pod gone with its machine",
    job(),
    seen(undefined, { ...healthy, isAnother: true }),
    "end failed: Its pod is gone: this machine was restarted.",
  ],
  [
    "active, pod and node gone",
    job(),
    seen(undefined, gone),
    "end failed: Its node is gone, and its pod with it.",
  ],
  [
    "active, node silent",
    job(),
    seen(pod(), silent),
    "wait: Unreachable: its node n1 does not answer. It ends unless the node comes back.",
  ],
  [
    "active, node silent for long",
    job(),
    seen(pod(), { ...silent, sinceMs: NOW - 10 * MINUTE }),
    "end failed: Its node does not answer any more.",
  ],
  [
    "active, longest life over",
    job(),
    seen(pod({ phase: "Failed", reason: "DeadlineExceeded" })),
    "end expired: Its longest life is over.",
  ],
  ["active, over", job({ expiresAtMs: NOW - 2 * MINUTE }), seen(pod()), "end expired"],
  [
    "active, over, in its grace",
    job({
      expiresAtMs: NOW - 1,
      warningsSent: {
        "30min_warning_sent": true,
        "15min_warning_sent": true,
        "5min_warning_sent": true,
      },
      launchedAtMs: NOW - HOUR,
    }),
    seen(pod()),
    `wait: ${RUNS}`,
  ],
  [
    "active, cancelled: what it wrote is kept first",
    job({ endAs: "cancelled" }),
    seen(pod()),
    "keep_log",
  ],
  [
    "active, cancelled, log kept",
    job({ endAs: "cancelled", hasLog: true }),
    seen(pod()),
    "remove_pod",
  ],
  [
    "active, cancelled, pod ending",
    job({ endAs: "cancelled", hasLog: true }),
    seen(pod({ isEnding: true })),
    "wait: Ends: its processes have been told to stop.",
  ],
  [
    "active, cancelled on a node that is silent",
    job({ endAs: "cancelled", hasLog: true }),
    seen(pod({ isEnding: true }), silent),
    "wait: Ends when its node answers again, or is taken away.",
  ],
  [
    "active, cancelled on a node that is gone",
    job({ endAs: "cancelled", hasLog: true }),
    seen(pod({ isEnding: true }), gone),
    "remove_pod",
  ],
  ["active, cancelled, nothing left", job({ endAs: "cancelled" }), seen(), "finish cancelled"],
  ["over, with a pod", job({ status: "failed" }), seen(pod()), "remove_pod"],
  ["over, nothing left", job({ status: "expired" }), seen(), "clean"],
];

describe("one step", () => {
  for (const [name, row, sight, expected] of CASES) {
    test(name, () => assert.equal(told(step(row, sight)), expected));
  }
});

describe("warnings", () => {
  const at = (minutesLeft: number, more: Partial<JobView> = {}) =>
    step(
      job({ expiresAtMs: NOW + minutesLeft * MINUTE, launchedAtMs: NOW - HOUR, ...more }),
      seen(pod()),
    );
  test("each level is told once, the levels before it with it", () => {
    assert.deepEqual(at(14.5), {
      do: "warn",
      text: "NOTICE: job abcd1234 ends in 15 minutes, at 12:14 UTC. Extend it to keep it.",
      sent: { "30min_warning_sent": true, "15min_warning_sent": true },
    });
    const warningsSent = { "30min_warning_sent": true, "15min_warning_sent": true };
    const later = at(14.5, { warningsSent });
    assert.deepEqual(later, { do: "wait", seconds: 300, detail: RUNS });
    assert.equal(at(5, { warningsSent }).do, "warn");
    assert.match((at(0.5, { warningsSent }) as { text: string }).text, /^WARNING: .* in 1 minute,/);
    assert.match((at(0, { warningsSent }) as { text: string }).text, /^URGENT/);
  });
  test("a short job is not warned as soon as it starts", () => {
    assert.equal(at(10, { launchedAtMs: NOW }).do, "wait");
    assert.equal(at(5, { launchedAtMs: NOW - 5 * MINUTE }).do, "warn");
  });
  test("the next look is when something is due", () => {
    assert.deepEqual(at(31), { do: "wait", seconds: 60, detail: RUNS });
    assert.deepEqual(at(120), { do: "wait", seconds: 300, detail: RUNS });
  });
});

/** What explanations call it, by words of this file's own. */
function codeOf(detail: string, status: string): string {
  if (detail.includes("image") && !detail.startsWith("Its pod starts")) return "image";
  if (detail.includes("volume of its disk")) return "disk_not_ready";
  if (detail.includes("cluster's nodes")) return "unscheduled";
  if (detail.includes("does not answer")) return "unreachable";
  if (/^Ends\b/.test(detail)) return "ending";
  return status === "active" ? "running" : "starting";
}

describe("what is told before a job runs", () => {
  const waiting = (reason: string, message: string) => pending({ waiting: { reason, message } });
  const LAST = "The image is being pulled; the last try failed: EOF";
  test("a try that failed is told with the node's words; the pause behind it says nothing new", () => {
    const tried = step(preparing(), seen(waiting("ErrImagePull", "EOF")));
    assert.deepEqual(tried, {
      do: "wait",
      seconds: 300,
      kind: "pull_failed",
      detail: LAST,
      words: "EOF",
    });
    const pause = waiting("ImagePullBackOff", 'Back-off pulling image "x"');
    assert.deepEqual(step(preparing({ detail: LAST }), seen(pause)), { do: "wait", seconds: 300 });
    // whoever comes late sees the pause first
    assert.match(JSON.stringify(step(preparing(), seen(pause))), /pull_failed/);
  });
  test("the scheduler's own sentence goes with ours", () => {
    const unscheduled = "0/2 nodes are available: 2 Insufficient cpu.";
    const { kind, words, detail } = step(
      preparing(),
      seen(pending({ unscheduled, nodeName: "" })),
    ) as Wait;
    assert.deepEqual([kind, words], ["unscheduled", unscheduled]);
    assert.match(detail ?? "", /with too little free CPU/);
  });
});

describe("whatever is seen in whatever state", () => {
  const pods = [undefined, ...CASES.map(([, , { pod }]) => pod)];
  const nodes = [undefined, healthy, silent, gone, { ...healthy, isAnother: true }];
  const bookings = [undefined, unproved, booking, { ...booking, isGivenBack: true }];
  test("the step is one that the state allows", () => {
    for (const status of JOB_STATES) {
      for (const endAs of [undefined, ...FINAL_STATES]) {
        for (const booked of bookings) {
          for (const pod of pods) {
            for (const node of nodes) {
              const row = job({ status, endAs, booking: booked });
              const taken = step(row, seen(pod, node));
              const where = JSON.stringify([status, endAs, booked, pod, node, taken]);
              const isOwn = pod !== undefined && (booked?.podUid ?? pod.uid) === pod.uid;
              if (taken.do === "finish" || taken.do === "requeue" || taken.do === "clean") {
                // a job that waits has none, and one without a booking knows of none
                const mayBe = status === "queued" || status === "pending" || booked === undefined;
                assert.ok(!isOwn || mayBe, where);
              }
              if (taken.do === "make_pod") assert.ok(!endAs && status !== "active", where);
              if (taken.do === "activate") assert.ok(status !== "active" && !endAs, where);
              if ("seconds" in taken)
                assert.ok(taken.seconds === null || taken.seconds >= 0, where);
              if (taken.do === "wait" && taken.detail !== undefined) {
                const { code } = toldOf(status, taken.detail);
                assert.equal(code, codeOf(taken.detail, status), where);
              }
              if ("uid" in taken) assert.equal(taken.uid, pod?.uid, where);
              const isOver = (FINAL_STATES as readonly string[]).includes(status);
              if (isOver) assert.match(taken.do, /^(clean|remove_pod|wait)$/, where);
            }
          }
        }
      }
    }
  });
});
