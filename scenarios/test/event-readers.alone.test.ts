/** Readers of events through restarts of all that is between them and the jobs; and their judge finds who has his places wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelWaitingJob, listJobEvents, moveJob } from "@airlock/jobs-store";
import { EventReader, judge } from "../src/rig/event-reader.ts";
import { startForgetfulRelay } from "../src/rig/forgetful-relay.ts";
import { until } from "../src/rig/waiting.ts";
import { Stage } from "../src/scenario.ts";
import { runReaders } from "../src/scenarios/event-readers.ts";

test("readers miss nothing and have nothing twice, whatever is restarted; and who is told wrong places is found out", {
  timeout: 180_000,
}, async (t) => {
  const stage = new Stage((text) => t.diagnostic(text));
  t.after(() => stage.end());
  const { rig, person, submit } = await runReaders(stage, "test");
  assert.deepEqual(stage.broken, []);
  const happen = async (reservationId: string) => {
    const event = { kind: "progress", actor: "processor" } as const;
    for (let n = 0; n < 3; n++) await moveJob(rig.db, { reservationId, from: ["queued"], event });
  };
  for (const mistake of ["forgets", "skips"] as const) {
    const jobId = await submit(person);
    const relay = await startForgetfulRelay(stage, rig.url, mistake);
    const [key = ""] = person.keys;
    const reader = new EventReader({ url: relay.url, jobId, key, goesOn: () => !stage.hasEnded });
    const running = reader.run();
    await happen(jobId);
    await until("it has them", () => reader.seqs.at(-1) === 4);
    relay.cut();
    await happen(jobId);
    await cancelWaitingJob(rig.db, { reservationId: jobId, orderId: crypto.randomUUID() });
    await running;
    const { length } = await listJobEvents(rig.db, { reservationId: jobId });
    const { gaps, duplicates } = judge([reader], new Map([[jobId, length]]));
    assert.deepEqual([duplicates > 0, gaps > 0], [mistake === "forgets", mistake === "skips"]);
  }
});
