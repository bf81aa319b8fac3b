/** What is wrong in an environment's file is named, all of it at once. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { contextOf, ENVIRONMENTS_FOLDER, readContext } from "../../src/context.ts";

test("each environment that is here can be read", () => {
  const files = readdirSync(ENVIRONMENTS_FOLDER);
  assert.ok(files.length > 0);
  for (const file of files) readContext(file.replace(".json", ""));
});

test("a missing, a mistyped and a wrong member are told of together", () => {
  const { account: _account, ...rest } = readContext("dev");
  const wrong = { ...rest, regoin: "eu-west-1", burst: "400", buckets: [], kmsKey: "*" };
  assert.throws(
    () => contextOf(wrong, "prod.json"),
    (error: Error) => {
      for (const word of ["prod.json: ", "account must", "regoin is not known", "burst must"])
        assert.ok(error.message.includes(word), error.message);
      assert.match(error.message, /buckets must be a list of names.*kmsKey must match/);
      return true;
    },
  );
});

test("no name in it can widen a policy", () => {
  const context = readContext("dev");
  for (const [name, value] of Object.entries({
    gatewayRole: "*",
    auxRole: "airlock-*",
    parameters: "/airlock",
    account: "*",
    oidcIssuer: "oidc.example.com/*",
    releasedFrom: "repo:example/airlock:*",
    stage: "*",
  }))
    assert.throws(() => contextOf({ ...context, [name]: value }, "dev.json"), new RegExp(name));
});
