/** How a session is kept fresh, by a clock that the test turns. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Credentials, Session, SessionUnavailableError } from "@airlock/aws";
import { AwsClock } from "@airlock/config";

const MINUTE = 60_000;
/** Goes by the mocked Date alone, so nothing seems to set it. */
const clock = () => new AwsClock({ now: () => Date.now() });
const account = async () => "111122223333";

/** A source that hands out numbered sessions, or fails while `isDown`. */
function fakeSource(lifeMs: number) {
  const source = {
    kind: "assumed_role" as const,
    isDown: false,
    calls: [] as number[],
    account,
    async fetch(): Promise<Credentials> {
      source.calls.push(Date.now());
      if (source.isDown) throw new Error("STS is down");
      return {
        accessKeyId: `key-${source.calls.length}`,
        secretAccessKey: "secret",
        sessionToken: "token",
        expiresAt: Date.now() + lifeMs,
      };
    },
  };
  return source;
}

/** A call to SSM that is signed now. */
const useOf = (session: Session) => ({
  credentials: session.credentials(),
  service: "ssm",
  bucket: undefined,
  beganAt: session.clock.now(),
});

async function begin(t: TestContext, lifeMs: number) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const source = fakeSource(lifeMs);
  const lines: string[] = [];
  const write = (fields: object, message: string) =>
    lines.push(`${message} ${JSON.stringify(fields)}`);
  const session = new Session(source, { info: write, error: write }, clock());
  t.after(() => session.stop());
  /** Turns the clock in small steps, so that every timer sees its own moment. */
  const pass = async (ms: number, stepMs = Math.min(1000, ms)) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      t.mock.timers.tick(stepMs);
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  };
  session.start();
  await pass(1);
  return { source, session, pass, lines };
}

test("a session is renewed between 60 and 70 % of its life", async (t) => {
  const { source, pass } = await begin(t, 60 * MINUTE);
  await pass(35 * MINUTE);
  assert.equal(source.calls.length, 1);
  await pass(8 * MINUTE);
  assert.equal(source.calls.length, 2);
});

test("a 20-second session costs at most 6 calls a minute", async (t) => {
  const { source, pass, session } = await begin(t, 20_000);
  for (let second = 0; second < 60; second++) {
    await pass(1000, 100);
    session.credentials();
  }
  assert.ok(source.calls.length <= 6, `${source.calls.length} calls`);
});

test("when renewal fails the old session serves until its true expiry, and not longer", async (t) => {
  const { source, pass, session } = await begin(t, 60 * MINUTE);
  source.isDown = true;
  await pass(59 * MINUTE);
  assert.equal(session.credentials().accessKeyId, "key-1");
  await pass(MINUTE);
  assert.throws(() => session.credentials(), SessionUnavailableError);
  assert.equal(session.isValid(), false);
  assert.equal(session.secondsLeft(), 0);
});

test("while the old session serves, STS is asked at most every 5 s", async (t) => {
  const { source, pass } = await begin(t, 60 * MINUTE);
  source.isDown = true;
  await pass(59 * MINUTE);
  const gaps = source.calls.slice(2).map((at, i) => at - (source.calls[i + 1] ?? 0));
  assert.ok(gaps.length > 20, `${gaps.length} attempts`);
  assert.ok(Math.min(...gaps) >= 5000, `smallest gap ${Math.min(...gaps)} ms`);
  assert.ok(Math.max(...gaps) <= 37_000, `largest gap ${Math.max(...gaps)} ms`);
});

test("without a session STS is asked about every second, so recovery takes less than two", async (t) => {
  const { source, pass, session } = await begin(t, 60 * MINUTE);
  source.isDown = true;
  await pass(70 * MINUTE);
  const before = source.calls.length;
  await pass(60_000, 100);
  const calls = source.calls.length - before;
  assert.ok(calls >= 40 && calls <= 61, `${calls} calls in a minute`);
  source.isDown = false;
  await pass(1500, 100);
  assert.equal(session.isValid(), true);
});

test("STS down at start leaves a session that is not valid and recovers", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const source = fakeSource(MINUTE);
  source.isDown = true;
  const session = new Session(source, { info() {}, error() {} }, clock());
  t.after(() => session.stop());
  session.start();
  await Promise.resolve();
  assert.deepEqual(session.report(), {
    state: "unavailable",
    source: "assumed_role",
    expires_at: null,
    refresh_failures: session.report().refresh_failures,
  });
  source.isDown = false;
  for (let i = 0; i < 20; i++) {
    t.mock.timers.tick(100);
    for (let j = 0; j < 5; j++) await Promise.resolve();
  }
  assert.equal(session.report().state, "valid");
});

test("credentials without an expiry are fetched once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let calls = 0;
  const fetch = async () => {
    calls++;
    return { accessKeyId: "a", secretAccessKey: "b" };
  };
  const session = new Session(
    { kind: "default_chain", fetch, account },
    { info() {}, error() {} },
    clock(),
  );
  t.after(() => session.stop());
  session.start();
  for (let i = 0; i < 10; i++) await Promise.resolve();
  t.mock.timers.tick(24 * 60 * MINUTE);
  assert.equal(calls, 1);
  assert.equal(session.secondsLeft(), Number.POSITIVE_INFINITY);
  assert.equal(session.report().expires_at, null);
});

test("a fetch that hangs is given up, and never overlaps with the next", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let running = 0;
  let most = 0;
  const fetch = (signal: AbortSignal) =>
    new Promise<Credentials>((_resolve, reject) => {
      most = Math.max(most, ++running);
      signal.addEventListener("abort", () => {
        running--;
        reject(signal.reason);
      });
    });
  const session = new Session(
    { kind: "assumed_role", fetch, account },
    { info() {}, error() {} },
    clock(),
  );
  t.after(() => session.stop());
  session.start();
  for (let i = 0; i < 400; i++) {
    t.mock.timers.tick(100);
    for (let j = 0; j < 8; j++) await Promise.resolve();
  }
  assert.equal(most, 1);
  assert.ok(session.report().refresh_failures >= 4, `${session.report().refresh_failures}`);
});

test("failures are logged when they begin and then every half minute, never with a secret", async (t) => {
  const { source, pass, lines } = await begin(t, 10 * MINUTE);
  source.isDown = true;
  await pass(15 * MINUTE);
  const failures = lines.filter((line) => line.startsWith("AWS session could not"));
  assert.ok(failures.length >= 2 && failures.length <= 25, `${failures.length} lines`);
  source.isDown = false;
  await pass(5000);
  assert.ok(lines.at(-1)?.startsWith("AWS session recovered"), lines.at(-1));
  assert.ok(!lines.some((line) => line.includes("secret") || line.includes("token")));
});

test("a source that hangs once, deaf to its signal, is counted and asked again within 15 s", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const source = fakeSource(60 * MINUTE);
  const { fetch } = source;
  let isFirst = true;
  source.fetch = () => {
    if (!isFirst) return fetch();
    isFirst = false;
    return new Promise(() => {});
  };
  const session = new Session(source, { info() {}, error() {} }, clock());
  t.after(() => session.stop());
  session.start();
  let failures = 0;
  for (let i = 0; i < 150 && !session.isValid(); i++) {
    t.mock.timers.tick(100);
    for (let j = 0; j < 8; j++) await Promise.resolve();
    failures = Math.max(failures, session.report().refresh_failures);
  }
  assert.equal(failures, 1);
  assert.equal(session.isValid(), true);
});

test("sessions that are refused as soon as they are there are renewed every 2 s, then up to 10 s", async (t) => {
  const { source, pass, session } = await begin(t, 60 * MINUTE);
  for (let i = 0; i < 600; i++) {
    session.refuse(useOf(session), new Error("ExpiredToken"), false);
    assert.equal(session.isValid(), false);
    await pass(100, 50);
  }
  const gaps = source.calls.slice(2).map((at, i) => at - (source.calls[i + 1] ?? 0));
  assert.ok(gaps.length >= 5 && gaps.length <= 9, `${gaps}`);
  assert.ok(Math.min(...gaps) >= 2000 && Math.max(...gaps) <= 10_500, `${gaps}`);
});

test("a call that AWS takes makes a refused session valid again; of older sessions nothing is believed", async (t) => {
  const { source, pass, session } = await begin(t, 60 * MINUTE);
  const first = useOf(session);
  source.isDown = true;
  session.refuse(first, new Error("ExpiredToken"), false);
  await pass(100);
  assert.equal(session.report().state, "unavailable");
  assert.equal(session.credentials(), first.credentials, "calls may go on to find out");
  session.accept(first);
  assert.equal(session.report().state, "valid");
  source.isDown = false;
  await pass(10_000);
  assert.notEqual(session.credentials(), first.credentials);
  session.refuse(first, new Error("ExpiredToken"), false);
  assert.equal(session.isValid(), true);
});

test("lasting credentials that are refused are looked up until there are others", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let key = "old";
  let calls = 0;
  const fetch = async () => {
    calls++;
    return { accessKeyId: key, secretAccessKey: "b" };
  };
  const log = { info() {}, error() {} };
  const session = new Session({ kind: "default_chain", fetch, account }, log, clock());
  t.after(() => session.stop());
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 10; i++) {
      t.mock.timers.tick(100);
      for (let j = 0; j < 8; j++) await Promise.resolve();
    }
  };
  session.start();
  await pass(1);
  session.refuse(useOf(session), new Error("InvalidAccessKeyId"), true);
  await pass(60);
  assert.equal(session.isValid(), false);
  assert.ok(calls >= 7 && calls <= 11, `${calls} calls`);
  key = "new";
  await pass(11);
  assert.equal(session.isValid(), true);
  assert.equal(session.credentials().accessKeyId, "new");
});

test("a clock that is set, either way, ends no session and is followed by one renewal", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const source = fakeSource(60 * MINUTE);
  let aheadMs = 0;
  const wallNow = () => Date.now() + aheadMs;
  const own = new AwsClock({ now: () => Date.now(), wallNow });
  const session = new Session(source, { info() {}, error() {} }, own);
  t.after(() => session.stop());
  session.start();
  for (let j = 0; j < 8; j++) await Promise.resolve();
  for (const [i, hours] of [0, 2, -1, 0].entries()) {
    aheadMs = hours * 60 * MINUTE;
    for (let passed = 0; passed < 150; passed++) {
      t.mock.timers.tick(100);
      assert.equal(session.isValid(), true);
      for (let j = 0; j < 5; j++) await Promise.resolve();
    }
    assert.equal(source.calls.length, i + 1);
    assert.ok(session.secondsLeft() > 3580 && session.secondsLeft() <= 3600);
  }
});
