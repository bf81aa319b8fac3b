/** Places for what lasts, bounded apart and given back once; and one client's part of all requests in progress. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ProblemError } from "@airlock/contract";
import { open, startApp, until } from "./app-harness.ts";

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
    'airlock_http_requests_waiting{kind="follow"} 0',
    'airlock_http_requests_waiting{kind="events"} 0',
    'airlock_http_requests_waiting{kind="tunnel"} 0',
  ]);
});

test("a place is given back once, however often that is said", async (t) => {
  const { take, given, places } = await start(t);
  await take("wait", 3);
  for (let n = 0; n < 3; n++) given[0]?.();
  assert.equal((await places())[0], 'airlock_http_requests_waiting{kind="wait"} 2');
  assert.deepEqual(await take("wait", 1999), { taken: 1998, code: "overloaded", retryAfter: "1" });
});

test("one client has half of the requests in progress; those that wait, and those that are done, do not count", async (t) => {
  const held: (() => void)[] = [];
  const { port } = await startApp(
    t,
    (routes) => {
      routes.get("/held", () => new Promise<string>((resolve) => held.push(() => resolve("done"))));
      routes.get("/wait", (request) => {
        request.takePlace("wait");
        return new Promise<string>((resolve) => held.push(() => resolve("changed")));
      });
    },
    { MAX_IN_FLIGHT: "5" },
    { most: { wait: 0, stream: 0 }, clientOf: ({ headers }) => String(headers["x-client"]) },
  );
  const begin = (client: string, path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { "x-client": client } });
  const statusOf = async (answer: Promise<Response>) => (await answer).status;

  for (let round = 0; round < 2; round++) {
    const own = [begin("a", "/wait"), ...[1, 2, 3].map(() => begin("a", "/held"))];
    await until(() => held.length === 4);
    const refused = await begin("a", "/held");
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal(((await refused.json()) as { code: string }).code, "too_many_at_once");
    assert.equal(await statusOf(begin("a", "/livez")), 200, "a probe is nobody's");
    const other = begin("b", "/held");
    await until(() => held.length === 5);
    for (const end of held.splice(0)) end();
    assert.deepEqual(await Promise.all([...own, other].map(statusOf)), [200, 200, 200, 200, 200]);
  }
});

test("a client that leaves while it is asked who that is has no part of them", async (t) => {
  const asked: (() => void)[] = [];
  const admission = { admit: () => new Promise<void>((resolve) => asked.push(resolve)) };
  const { port, samples } = await startApp(
    t,
    (routes) => void routes.get("/fast", async () => ({})),
    { MAX_IN_FLIGHT: "2" },
    { most: {}, clientOf: () => "a" },
    admission,
  );
  const inFlight = async () =>
    Number((await samples("airlock_http_requests_in_flight"))[0]?.split(" ")[1]);
  const leaving = await open(t, port);
  leaving.write("GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => asked.length === 1);
  leaving.destroy();
  await until(async () => (await inFlight()) === 0);
  asked[0]?.();
  const later = fetch(`http://127.0.0.1:${port}/fast`);
  await until(() => asked.length === 2);
  asked[1]?.();
  assert.equal((await later).status, 200);
});
