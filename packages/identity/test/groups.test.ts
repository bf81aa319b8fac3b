/** Groups through the headers: from the presenter to the guard, whole or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callerTokens,
  createGuard,
  createLayerGuard,
  decodeGroups,
  encodeGroups,
  IDENTITY_HEADERS,
} from "@airlock/identity";
import { recordLog, rig } from "./harness.ts";

test("any names go through the header and come back", () => {
  for (const groups of [["a"], ["a", "b"], ["x/y", "a,b", "%2C", " ", "ключ", "🔑\n"]]) {
    const value = encodeGroups(groups);
    assert.match(value ?? "", /^[\x21-\x7e]+$/);
    assert.deepEqual(decodeGroups(value ?? ""), groups);
  }
  assert.equal(encodeGroups([]), "");
});

test("what was not written so is not read", () => {
  for (const value of ["", ",", "a,", ",a", "a b", "a;b", "%zz", "%ff", "é", "a".repeat(8193)]) {
    assert.equal(decodeGroups(value), undefined, value.slice(0, 20));
  }
});

test("groups are never cut: more than a header holds is a refusal", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const guard = createGuard(callerTokens(verifier()), { log });
  const check = async (count: number) => {
    const groups = Array.from({ length: count }, (_, i) => `ключ-${i}`);
    return guard.check(["authorization", `Bearer ${await issuer.mint({ groups })}`]);
  };
  const decision = await check(200);
  assert.equal(decision.allow && decision.groups.length, 200);
  const refused = await check(400);
  assert.equal(refused.allow ? "allowed" : `${refused.status} ${refused.reason}`, "401 claims");
});

test("the layer guard believes groups beside a proof and a caller only", async (t) => {
  const { issuer, verifier } = await rig(t);
  const guard = createLayerGuard({ mode: "observe", verifier: verifier(), log: recordLog() });
  const proof = ["x-airlock-layer", await issuer.mint()];
  const groupsOf = async (...headers: string[]) => {
    const decision = await guard.check(headers);
    return decision.allow ? (decision.wouldRefuse ?? decision.groups) : "refused";
  };
  const caller = ["x-airlock-caller", "alice"];
  const groups = ["X-Airlock-Groups", "a,b%2Fc"];
  assert.deepEqual(await groupsOf(...proof, ...caller, ...groups), ["a", "b/c"]);
  assert.equal(await groupsOf(...proof, ...caller), undefined);
  assert.equal(await groupsOf(...proof, ...groups), undefined);
  assert.equal(await groupsOf(...caller, ...groups), "missing");
  assert.equal(await groupsOf(...proof, ...caller, ...groups, ...groups), "caller_header");
  assert.equal(await groupsOf(...proof, ...caller, "x-airlock-groups", "a b"), "caller_header");
});

test("every header of an identity is one that no client may send", () => {
  assert.deepEqual(IDENTITY_HEADERS, [
    "x-airlock-layer",
    "x-airlock-caller",
    "x-airlock-caller-whole",
    "x-airlock-groups",
    "x-airlock-client",
  ]);
});
