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
  isRoleWish,
  judgeKey,
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

/** Access tokens as issuers write them, with what is set for each, and who then calls. */
const ISSUERS: [
  name: string,
  claims: Record<string, unknown>,
  settings: object,
  expected: string,
][] = [
  [
    "Keycloak: roles of the realm and of a client, by path",
    {
      typ: "Bearer",
      azp: "app",
      realm_access: { roles: ["reader"] },
      resource_access: { airlock: { roles: ["writer", "reader"] } },
    },
    { groupsClaims: ["realm_access.roles", "resource_access.airlock.roles"] },
    "reader+writer",
  ],
  ["Keycloak: groups with their path", { typ: "Bearer", groups: ["/team/a"] }, {}, "/team/a"],
  [
    "Cognito: no audience, the client instead",
    { aud: undefined, client_id: "app", token_use: "access", "cognito:groups": ["team-a"] },
    { audience: "app", audienceClaim: "client_id", groupsClaims: ["cognito:groups"] },
    "team-a",
  ],
  [
    "Cognito: another client",
    { aud: undefined, client_id: "other", token_use: "access" },
    { audience: "app", audienceClaim: "client_id" },
    "401 audience",
  ],
  [
    "Cognito: an ID token, which is for the client",
    { aud: "app", token_use: "id" },
    { audience: "app" },
    "401 token_type",
  ],
  [
    "an audience that is another one, beside the right client",
    { aud: "elsewhere", client_id: "app" },
    { audience: "app", audienceClaim: "client_id" },
    "401 audience",
  ],
  ["no audience, where it is asked for", { aud: undefined, client_id: "app" }, {}, "401 audience"],
  [
    "Entra ID: groups by their ids",
    { ver: "2.0", groups: ["8f3c"], roles: ["Reader"] },
    { groupsClaims: ["groups", "roles"] },
    "8f3c+Reader",
  ],
  [
    "Entra ID: more groups than the token names",
    { _claim_names: { groups: "src1" }, _claim_sources: { src1: {} } },
    {},
    "401 groups_left_out",
  ],
  ["Entra ID: the same, of the implicit flow", { hasgroups: true }, {}, "401 groups_left_out"],
  [
    "Okta: an audience and groups of its own",
    { cid: "app", groups: ["Everyone", "gpu"] },
    {},
    "Everyone+gpu",
  ],
  [
    "Auth0: a name with dots is a name first",
    { "https://example.com/groups": ["a"] },
    { groupsClaims: ["https://example.com/groups"] },
    "a",
  ],
  [
    "a path that leads nowhere",
    { realm_access: null },
    { groupsClaims: ["realm_access.roles", "a.b.c"] },
    "",
  ],
  [
    "a path into the prototype",
    {},
    { groupsClaims: ["__proto__.toString", "constructor.name"] },
    "",
  ],
  ["an ID token of Keycloak", { typ: "ID" }, {}, "401 token_type"],
  ["a refresh token of Keycloak", { typ: "Refresh" }, {}, "401 token_type"],
  ["any ID token with the hash of its access token", { at_hash: "x" }, {}, "401 token_type"],
  ["an ID token, where those are asked for", { at_hash: "x" }, { tokenKind: "id" }, ""],
  ["an access token, where ID tokens are asked for", {}, { tokenKind: "id" }, "401 token_type"],
];

for (const [name, claims, settings, expected] of ISSUERS) {
  test(name, async (t) => {
    const { issuer, verifier, log } = await rig(t);
    const options = { tokenKind: "access", exclusiveAudience: false, ...settings } as const;
    const guard = createGuard(callerTokens(verifier(options)), { log });
    const check = async (header: object) => {
      const token = await issuer.mint(claims, { ...header });
      const decision = await guard.check(["authorization", `Bearer ${token}`]);
      return decision.allow ? decision.groups.join("+") : `${decision.status} ${decision.reason}`;
    };
    assert.equal(await check({}), expected);
    assert.equal(await check({ typ: "JWT" }), expected);
    assert.match(await check({ typ: "logout+jwt" }), /^401 (?:token_type|audience)$/);
  });
}

test("the header says access token: at_hash makes it none", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const guard = createGuard(callerTokens(verifier({ tokenKind: "access" })), { log });
  const token = await issuer.mint({ at_hash: "x" }, { typ: "at+jwt" });
  assert.equal((await guard.check(["authorization", `Bearer ${token}`])).allow, true);
});

test("the role of a permission set is allowed whatever stands behind its name, and no other star", () => {
  const wish = "AWSReservedSSO_GpuUsers_*";
  assert.ok(isRoleWish(wish) && isRoleWish("Dev"));
  for (const star of [
    "*",
    "Dev*",
    "Dev_*",
    "AWSReservedSSO_*",
    "AWSReservedSSO__*",
    "AWSReservedSSO_a*b_*",
  ]) {
    assert.ok(!isRoleWish(star), star);
  }
  const key = (role: string) => ({
    userId: 7,
    username: "alice",
    account: "111122223333",
    role,
    session: "alice@example.com",
    keyPrefix: "gpud_Zk3vQ9aB",
    isUserActive: true,
    isKeyActive: true,
    expiresAt: new Date(),
    remainingMs: 1000,
  });
  const stateOf = (role: string) =>
    judgeKey(key(role), { accounts: ["111122223333"], role: wish }).state;
  assert.equal(stateOf("AWSReservedSSO_GpuUsers_0123456789abcdef"), "valid");
  for (const other of [
    "AWSReservedSSO_GpuUsers_",
    "AWSReservedSSO_GpuUsers_0123456789abcde",
    "AWSReservedSSO_GpuUsers_0123456789ABCDEF",
    "AWSReservedSSO_GpuUsers_Admin_0123456789abcdef",
    "AWSReservedSSO_GpuUsersX_0123456789abcdef",
    "xAWSReservedSSO_GpuUsers_0123456789abcdef",
    wish,
  ]) {
    assert.equal(stateOf(other), "wrong_role", other);
  }
});
