/** The caller's name through the headers: to the letter or not at all, also beside the first release. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callerHeaders,
  callerIn,
  callerTokens,
  createGuard,
  createLayerGuard,
  keyCaller,
  UNREADABLE,
} from "@airlock/identity";
import { recordLog, rig } from "./harness.ts";

const CALLER = "x-airlock-caller";
const WHOLE = "x-airlock-caller-whole";
/** As they arrive. */
const rawOf = (headers: object = {}) => Object.entries(headers).flat() as string[];

for (const [name, value] of [
  ["alice@example.com", "alice@example.com"],
  ["Jürgen Groß", "J%C3%BCrgen%20Gro%C3%9F"],
  ["100%", "100%25"],
  ["%41 is not A", "%2541%20is%20not%20A"],
  ["a\r\nx-evil: 1", "a%0D%0Ax-evil:%201"],
  [" a, b ", "%20a,%20b%20"],
  ["日本", "%E6%97%A5%E6%9C%AC"],
  // composed and decomposed: two names, as RFC 7519 compares them
  ["\u00fc", "%C3%BC"],
  ["u\u0308", "u%CC%88"],
  [
    keyCaller({ account: "111122223333", role: "a/b", session: "100%" }),
    "aws:111122223333:a%252Fb:100%2525",
  ],
  ["x".repeat(255), "x".repeat(255)],
] as const) {
  test(`the caller ${JSON.stringify(name).slice(0, 30)} arrives as it is, in one header`, () => {
    assert.deepEqual(callerHeaders(name), { [CALLER]: value });
    assert.equal(callerIn(["Host", "a", ...rawOf(callerHeaders(name))]), name);
  });
}

test("a long name arrives whole, and beside it what the first release reads: cut, another than its like", () => {
  for (const letter of ["x", "ü", "日", "😀"]) {
    const [one, other] = ["1", "2"].map((end) => {
      const name = letter.repeat(300) + end;
      const headers = callerHeaders(name) ?? {};
      assert.equal(callerIn(rawOf(headers)), name);
      assert.equal(headers[CALLER]?.length, 256);
      const readFirst = callerIn(rawOf({ [CALLER]: headers[CALLER] }));
      assert.match(String(readFirst), new RegExp(`^${letter}{18,}~[0-9a-f]{32,}$`, "u"));
      return headers[CALLER];
    });
    assert.notEqual(one, other);
  }
});

for (const [name, cut] of [
  ["日".repeat(300), `${"%E6%97%A5".repeat(24)}~8b5aa177f04b64a4298a47bda5106d17cd4dc48`],
  ["x".repeat(600), `${"x".repeat(223)}~5130b33e6b87fbf5316ed9049e98924e`],
  [
    "Jürgen ".repeat(60),
    `${"J%C3%BCrgen%20".repeat(15)}J%C3%BCrgen~36f08454abbc2c2c66372f3fb0d97f4727`,
  ],
] as const) {
  test(`${name.slice(0, 7)}… is the caller in the first release that it was`, () => {
    assert.equal(callerHeaders(name)?.[CALLER], cut);
    assert.equal(callerIn([CALLER, cut]), decodeURIComponent(cut));
  });
}

const LONG = "ü".repeat(300);
const long = callerHeaders(LONG) ?? {};
for (const [what, raw] of [
  ["an open escape", [CALLER, "%"]],
  ["an escape that is none", [CALLER, "%zz"]],
  ["bytes that are no UTF-8", [CALLER, "%ff"]],
  ["an escape in lower case", [CALLER, "%c3%bc"]],
  ["an escape that none needs", [CALLER, "%41lice"]],
  ["a space", [CALLER, "a b"]],
  ["a character that is not ASCII", [CALLER, "ü"]],
  ["nothing", [CALLER, ""]],
  ["more than the header may hold", [CALLER, "x".repeat(257)]],
  ["two names", [CALLER, "a", "X-Airlock-Caller", "a"]],
  ["a whole name without the cut one", [WHOLE, long[WHOLE]]],
  ["a whole name beside another's", [CALLER, "alice", WHOLE, long[WHOLE]]],
  ["two whole names", [...rawOf(long), WHOLE, long[WHOLE]]],
  ["a whole name that is short", [CALLER, "alice", WHOLE, "alice"]],
  ["a whole name with an open escape", [CALLER, long[CALLER], WHOLE, `${long[WHOLE]}%`]],
  ["a whole name that was cut", [CALLER, long[CALLER], WHOLE, long[WHOLE]?.slice(0, -6)]],
  ["more than a whole name may hold", [CALLER, long[CALLER], WHOLE, "x".repeat(4097)]],
] as const) {
  test(`${what} is nobody's name, and is refused`, async (t) => {
    const headers = raw as readonly string[];
    assert.equal(callerIn(headers), UNREADABLE);
    const { issuer, verifier } = await rig(t);
    const guard = createLayerGuard({ mode: "enforce", verifier: verifier(), log: recordLog() });
    const decision = await guard.check(["x-airlock-layer", await issuer.mint(), ...headers]);
    assert.equal(decision.allow ? "allowed" : decision.reason, "caller_header");
  });
}

test("a name that no header can hold is refused at the outer door, not cut", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const guard = createGuard(callerTokens(verifier({ callerClaim: "name" })), { log });
  const check = async (name: string) =>
    guard.check(["authorization", `Bearer ${await issuer.mint({ name })}`]);
  const longest = "日".repeat(455);
  const good = await check(longest);
  assert.equal(good.allow && good.caller, longest);
  assert.equal(callerIn(rawOf(callerHeaders(longest))), longest);
  const refused = await check(`${longest}日`);
  assert.equal(refused.allow ? "allowed" : `${refused.status} ${refused.reason}`, "401 claims");
});

/** Names that do not arrive as they were sent; `spoil` is what a fault on the way would do. */
function changedOnTheWay(count: number, spoil = (value: string) => value): string[] {
  const pieces = [..."aZ9@:/,~%*+ \r\n\0\u007f", "%41", "%2F", "é", "e\u0301", "日", "😀"];
  let state = 14;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const changed: string[] = [];
  for (let made = 0; made < count; made++) {
    const length = 1 + below(below(10) === 0 ? 300 : 20);
    const name = Array.from({ length }, () => pieces[below(pieces.length)]).join("");
    const raw = rawOf(callerHeaders(name)).map(spoil);
    assert.ok(raw.every((value) => /^[\x21-\x7e]+$/.test(value)));
    if (callerIn(raw) !== name) changed.push(name);
  }
  return changed;
}

test("no name is changed on its way; a header that is decoded once too often is found out", () => {
  assert.deepEqual(changedOnTheWay(15_000), []);
  const decodedTwice = (value: string) => value.replaceAll("%25", "%");
  assert.notEqual(changedOnTheWay(1000, decodedTwice).length, 0);
});
