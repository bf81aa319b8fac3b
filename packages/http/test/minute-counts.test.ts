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

test("a minute ends for all at once, to the millisecond, and says when", () => {
  const { state, counts, spend } = counting(2);
  spend("9.9.9.9");
  assert.equal(counts.secondsLeft(), 60);
  state.nowMs += 59_001;
  assert.equal(counts.secondsLeft(), 1);
  state.nowMs += 998;
  assert.deepEqual([spend("9.9.9.9"), counts.secondsLeft()], [2, 1]);
  state.nowMs += 1;
  assert.equal(spend("9.9.9.9"), 1);
  assert.equal(counts.secondsLeft(), 60);
});

/** As simple as it can be: every request of the minute is kept. */
function countByHand(requests: readonly string[], client: string): number {
  return requests.filter((one) => one === client).length;
}

function countWrong(spend: (client: string) => number, next: (ms: number) => void): number {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  let [wrong, passedMs] = [0, 60_000];
  let minute: string[] = [];
  for (let n = 0; n < 20_000; n++) {
    const ms = random(40);
    next(ms);
    passedMs += ms;
    if (passedMs >= 60_000) [minute, passedMs] = [[], 0];
    const client = v4(random(50));
    minute.push(client);
    if (spend(client) !== countByHand(minute, client)) wrong++;
  }
  return wrong;
}

test("20,000 random requests over some minutes are counted as by hand", () => {
  const { state, spend } = counting(50);
  const next = (ms: number) => {
    state.nowMs += ms;
  };
  assert.equal(countWrong(spend, next), 0);
  const forgetful = counting(50);
  let calls = 0;
  const planted = (client: string) => {
    if (++calls % 1000 === 0) forgetful.state.nowMs += 60_000; // forgets all of it early
    return forgetful.spend(client);
  };
  const found = countWrong(planted, (ms) => {
    forgetful.state.nowMs += ms;
  });
  assert.ok(found > 100, `counts that forget are found: ${found}`);
});
