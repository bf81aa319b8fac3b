/** Places for what lasts: waits and streams are bounded apart, and given back once. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ProblemError } from "@airlock/contract";
import { startApp } from "./app-harness.ts";

type Kind = "wait" | "stream";

async function start(t: TestContext) {
  const given: (() => void)[] = [];
  const { port, samples } = await startApp(t, (app) => {
    // one request stands for as many as it takes places
    app.get("/take/:kind/:count", async (request) => {
      const { kind, count } = request.params as { kind: Kind; count: string };
      for (let taken = 0; taken < Number(count); taken++) {
        try {
          given.push(request.takePlace(kind));
        } catch (error) {
          assert.ok(error instanceof ProblemError);
          return { taken, code: error.code, retryAfter: error.headers["retry-after"] };
        }
      }
      return { taken: Number(count) };
    });
  });
  const take = async (kind: Kind, count: number) =>
    (await fetch(`http://127.0.0.1:${port}/take/${kind}/${count}`)).json();
  return { take, given, places: () => samples("airlock_http_requests_waiting") };
}

test("2000 waits and 500 streams, and neither takes what is the other's", async (t) => {
  const { take, places } = await start(t);
  const refused = { code: "overloaded", retryAfter: "1" };
  assert.deepEqual(await take("wait", 2001), { taken: 2000, ...refused });
  assert.deepEqual(await take("stream", 501), { taken: 500, ...refused });
  assert.deepEqual(await places(), [
    'airlock_http_requests_waiting{kind="wait"} 2000',
    'airlock_http_requests_waiting{kind="stream"} 500',
  ]);
});

test("a place is given back once, however often that is said", async (t) => {
  const { take, given, places } = await start(t);
  await take("wait", 3);
  for (let n = 0; n < 3; n++) given[0]?.();
  assert.equal((await places())[0], 'airlock_http_requests_waiting{kind="wait"} 2');
  assert.deepEqual(await take("wait", 1999), { taken: 1998, code: "overloaded", retryAfter: "1" });
});
