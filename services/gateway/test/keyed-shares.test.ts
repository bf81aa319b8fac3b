/** Which requests share a call: those of one key, and no others, however alike keys come out. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { Answer, Call, CallOwner } from "../src/upstream/call.ts";
import { Reader, Shares } from "../src/upstream/share.ts";

const client = () => ({ destroyed: false, on() {} }) as unknown as ServerResponse;

function rig() {
  const shares = new Shares();
  const calls: { key: string; owner: CallOwner }[] = [];
  const answers = new Map<string, string[]>();
  const join = (key: string, id = `${key} ${answers.size}`) => {
    const answered = (answer: Answer | undefined) => {
      answers.set(key, [...(answers.get(key) ?? []), String(answer?.status)]);
    };
    const reader = new Reader(client(), id, undefined, { answered, failed: assert.fail });
    shares.join(reader, key, {
      call(owner) {
        calls.push({ key, owner });
        return { abort() {} } as unknown as Call;
      },
    });
    return reader;
  };
  return { calls, answers, join };
}

/** More than there are rows, and such as a sum by a known factor would put into one. */
const KEYS = [
  ...Array.from({ length: 2000 }, (_, n) => `/parameters/app/key-${n}\n\n\n\n\n`),
  ...Array.from({ length: 256 }, (_, n) =>
    Array.from({ length: 8 }, (_, bit) => ((n >> bit) & 1 ? "Aa" : "BB")).join(""),
  ),
];

test("each key has one call, and who joins it its answer", () => {
  const { calls, answers, join } = rig();
  for (const key of [...KEYS, ...KEYS.toReversed()]) join(key);
  assert.deepEqual(
    calls.map(({ key }) => key),
    KEYS,
  );
  for (const [index, { owner }] of calls.entries()) {
    owner.answered({ status: index, headers: {}, body: [] });
  }
  for (const [index, key] of KEYS.entries()) {
    assert.deepEqual(answers.get(key), [String(index), String(index)], key);
  }
});

test("once it is answered a key begins anew", () => {
  const { calls, join } = rig();
  for (let n = 0; n < 3; n++) {
    for (const key of KEYS) join(key);
    for (const { owner } of calls.slice(-KEYS.length)) {
      owner.answered({ status: 200, headers: {}, body: [] });
    }
  }
  assert.equal(calls.length, 3 * KEYS.length);
});

test("who joins another's call knows that, whatever both are called", () => {
  const { join } = rig();
  assert.equal(join("a", "same").sharedWith, undefined);
  assert.equal(join("a", "same").sharedWith, "same");
  assert.equal(join("a", "other").sharedWith, "same");
});
