/** What a minute's counts promise: exact, bounded, and never forgotten before their time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MinuteCounts, widerNetworkOf } from "@airlock/http";

const v4 = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const v6 = (n: number) => `2001:db8:${(n >> 16).toString(16)}:${(n & 65_535).toString(16)}::/64`;

function counting(maxClients: number) {
  const state = { nowMs: 5_000_000, shared: 0 };
  const counts = new MinuteCounts({
    maxClients,
    onShared: () => state.shared++,
    now: () => state.nowMs,
  });
  const spend = (client: string) => ++counts.of(client, () => widerNetworkOf(client)).spent;
  return { state, counts, spend };
}

test("100,000 clients have a count each, and a flood of others makes nobody's forgotten", () => {
  const { state, spend } = counting(100_000);
  for (let n = 0; n < 100_000; n++) spend(v4(n));
  assert.equal(state.shared, 0);
  for (let n = 0; n < 150_000; n++) spend(v6(n));
  assert.equal(state.shared, 150_000);
  for (let n = 0; n < 100_000; n += 9_999) assert.equal(spend(v4(n)), 2, v4(n));
});

test("without room neighbours share a count: /48 of IPv6, /24 of IPv4, and in the end all others", () => {
  const { spend } = counting(2);
  assert.deepEqual([spend("9.9.9.9"), spend("8.8.8.8"), spend("9.9.9.9")], [1, 1, 2]);
  assert.deepEqual([spend("7.7.7.1"), spend("7.7.7.2"), spend("7.7.8.1")], [1, 2, 1]);
  assert.deepEqual([spend("2001:db8:1:2::/64"), spend("6.6.6.6")], [1, 2], "all others");
  assert.deepEqual([spend("7.7.7.3"), spend("9.9.9.9")], [3, 3], "the former are as they were");
  const { spend: spendV6 } = counting(1);
  spendV6("9.9.9.9");
  assert.deepEqual([spendV6("2001:db8:1:2::/64"), spendV6("2001:db8:1:3::/64")], [1, 2]);
  assert.equal(spendV6("2001:db8:2:2::/64"), 1, "another /48");
});

test("a count lives for the minute that its first request began, to the millisecond, and says so", () => {
  const { state, counts, spend } = counting(2);
  const countOf = (client: string) => counts.of(client, () => "");
  spend("9.9.9.9");
  assert.equal(counts.secondsLeft(countOf("9.9.9.9")), 60);
  state.nowMs += 30_001;
  spend("8.8.8.8");
  const left = () => ["9.9.9.9", "8.8.8.8"].map((client) => counts.secondsLeft(countOf(client)));
  assert.deepEqual(left(), [30, 60]);
  state.nowMs += 29_998;
  assert.deepEqual([spend("9.9.9.9"), spend("8.8.8.8"), ...left()], [2, 2, 1, 31]);
  state.nowMs += 1;
  assert.deepEqual([spend("9.9.9.9"), spend("8.8.8.8"), ...left()], [1, 3, 60, 31]);
});

test("room that ended counts have taken is there again, however many end at once", () => {
  const { state, spend } = counting(1000);
  for (let n = 0; n < 2000; n++) spend(v4(n));
  assert.equal(state.shared, 1000);
  state.nowMs += 60_000;
  for (let n = 5000; n < 6000; n++) assert.equal(spend(v4(n)), 1);
  assert.equal(state.shared, 1000, "none of these was counted with others");
});

/** As simple as it can be: all requests are kept, with their times. */
class CountByHand {
  readonly #minutes = new Map<string, { readonly endsAtMs: number; spent: number }>();

  spend(client: string, nowMs: number): number {
    let minute = this.#minutes.get(client);
    if (!minute || minute.endsAtMs <= nowMs) minute = { endsAtMs: nowMs + 60_000, spent: 0 };
    this.#minutes.set(client, minute);
    return ++minute.spent;
  }
}

function countWrong(spend: (client: string, nowMs: number) => number): number {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const byHand = new CountByHand();
  let [wrong, nowMs] = [0, 1_000_000];
  for (let n = 0; n < 20_000; n++) {
    nowMs += random(n % 5000 === 0 ? 70_000 : 40);
    const client = v4(random(50));
    if (spend(client, nowMs) !== byHand.spend(client, nowMs)) wrong++;
  }
  return wrong;
}

test("20,000 random requests over some minutes are counted as by hand", () => {
  const { state, spend } = counting(50);
  const at = (client: string, nowMs: number) => {
    state.nowMs = nowMs;
    return spend(client);
  };
  assert.equal(countWrong(at), 0);
  let forgetful = counting(50);
  let calls = 0;
  const planted = (client: string, nowMs: number) => {
    if (++calls % 1000 === 0) forgetful = counting(50);
    forgetful.state.nowMs = nowMs;
    return forgetful.spend(client);
  };
  assert.ok(countWrong(planted) > 100, "counts that forget are found");
});
