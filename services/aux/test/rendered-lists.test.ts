/** A list that has not changed is rendered once for all callers of the same rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ParameterName } from "@airlock/contract";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import type { Policy } from "../src/policy/policy.ts";
import { RenderedLists } from "../src/rendered-lists.ts";
import { jsonOf } from "../src/representation.ts";
import { startWorld } from "./two-worlds.ts";

const RULES = `
version: 1
rules:
  - id: all-but-secrets
    effect: allow
    callers: ["*"]
    verbs: [list, read]
    parameters: ["/**"]
  - id: no-secrets
    effect: deny
    callers: ["*"]
    verbs: [list]
    parameters: ["/secret/**"]
`;

test("an unchanged list asks the policy nothing again, nor does its 304; a change or other rules do", async (t) => {
  let decisions = 0;
  const counting = (text: string): Policy => {
    const policy = parsePolicy(text);
    return {
      ...policy,
      decide(...asked) {
        decisions++;
        return policy.decide(...asked);
      },
    };
  };
  let policy = counting(RULES);
  const world = await startWorld(t, Date.now(), () => policy);
  const names = Array.from({ length: 300 }, (_, i) => `/${i % 3 === 0 ? "secret" : "a"}/p-${i}`);
  const parameters = names.map((name) => ({
    name: name as ParameterName,
    type: "String" as const,
  }));
  await world.fill(parameters, "list");
  const get = async (query = "", headers = {}) => {
    decisions = 0;
    const {
      statusCode,
      body,
      headers: had,
    } = await world.app.inject({
      url: `/parameters${query}`,
      headers,
    });
    const count = body ? JSON.parse(body).count : undefined;
    return { statusCode, count, etag: String(had.etag), decisions };
  };
  const first = await get();
  assert.deepEqual([first.statusCode, first.count, first.decisions], [200, 200, 300]);
  const again = await get();
  assert.deepEqual([again.count, again.etag, again.decisions], [200, first.etag, 0]);
  const unchanged = await get("", { "if-none-match": first.etag });
  assert.deepEqual([unchanged.statusCode, unchanged.decisions], [304, 0]);
  const page = await get("?limit=10");
  assert.deepEqual([page.count, (await get("?limit=10")).decisions], [10, 0]);

  policy = counting(RULES.replace("/secret/**", "/secret/p-0"));
  const other = await get();
  assert.deepEqual([other.count, other.decisions], [299, 300]);

  await world.fill(parameters.slice(0, 30), "list");
  assert.equal((await get()).count, 29);
});

test("callers of the same rules share what was rendered; others do not", () => {
  const policy = parsePolicy(RULES.replaceAll('["*"]', '["alice", "bob"]'));
  const of = (caller: string) => policy.rulesOf({ caller, groups: [] });
  assert.equal(of("alice"), of("bob"));
  assert.notEqual(of("alice"), of("carol"));
});

test("what is kept has a bound in bytes, and what is larger than that is not kept", () => {
  const lists = new RenderedLists(3000);
  let renders = 0;
  const source = {};
  const get = (query: string, length = 10) =>
    lists.get({ sources: [source], rules: source, query }, () => {
      renders++;
      return { representation: jsonOf(["x".repeat(length)]), allowed: 1, denied: 0 };
    });
  for (let i = 0; i < 20; i++) get(String(i));
  get("19");
  assert.equal(renders, 20);
  get("0");
  assert.equal(renders, 21, "the oldest has gone");
  get("large", 5000);
  get("large", 5000);
  get("0");
  assert.equal(renders, 23);
});
