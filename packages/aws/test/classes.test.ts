/** One time limit lies within the other, up to the gateway's: the inner answer is the one that is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLASSES as OUTER_CLASSES } from "../../../services/gateway/src/upstream/classes.ts";
import { CLASSES, CONNECT_MS, LEAST_WORK_MS, MANY_TURNS_MS } from "../src/classes.ts";

/** Which of the gateway's classes waits for what is asked of AWS in one of ours. */
const OUTER = { value: "value", tree: "list", list: "list", stream: "stream" } as const;
/** What is left for everything that is not AWS. */
const MARGIN_MS = 150;

for (const [name, rules] of Object.entries(CLASSES)) {
  const { turnMs, queueMs, attemptMs, workMs, wholeMs } = rules;
  test(`${name}: connect < attempt < call < whole`, () => {
    assert.ok(CONNECT_MS < attemptMs, "an attempt");
    assert.ok(attemptMs + LEAST_WORK_MS <= workMs, "another attempt fits");
    assert.ok(queueMs + workMs <= wholeMs, "a call");
    assert.ok(turnMs <= wholeMs, "a turn");
  });
}

test("a value's parts fit together into its whole", () => {
  const { turnMs, queueMs, workMs, wholeMs } = CLASSES.value;
  assert.ok(turnMs + queueMs + workMs <= wholeMs);
});

for (const [inner, outer] of Object.entries(OUTER)) {
  test(`${inner} ends before the gateway gives up on its ${outer}`, () => {
    const { wholeMs } = CLASSES[inner as keyof typeof OUTER];
    const { headersMs } = OUTER_CLASSES[outer];
    assert.ok(wholeMs + MARGIN_MS <= headersMs, `${wholeMs} < ${headersMs}`);
  });
}

test("many values at once are a list to the gateway", () => {
  const { queueMs, workMs } = CLASSES.value;
  assert.ok(MANY_TURNS_MS + queueMs + workMs <= OUTER_CLASSES.list.headersMs);
});
