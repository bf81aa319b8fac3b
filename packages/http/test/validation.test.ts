/** What a route's path has to be: anything where its schema asks for text, and else what the schema says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { queryAwareCompiler } from "../src/validation.ts";

const judge = (schema: z.ZodType, value: unknown) =>
  queryAwareCompiler({ schema, httpPart: "params", method: "GET", url: "/" })(value) as {
    value?: unknown;
    error?: Error;
  };

test("text is not looked at", () => {
  const schema = z.object({ "*": z.string().describe("any"), a: z.string().meta({ id: "some" }) });
  const value = { "*": "x/y", a: "" };
  assert.equal(judge(schema, value).value, value);
});

for (const [what, part, refused, taken] of [
  ["a UUID", z.uuid(), "no-id", "5a1cd9a0-5d0e-4c0f-9d7e-0a5a5a5a5a5a"],
  ["a UUID by its older name", z.string().uuid(), "no-id", "5a1cd9a0-5d0e-4c0f-9d7e-0a5a5a5a5a5a"],
  ["a length", z.string().max(3), "long", "abc"],
  ["a pattern", z.string().regex(/^[a-z]+$/), "A", "a"],
  ["a rule of one's own", z.string().refine((text) => text !== "no"), "no", "yes"],
  ["one of a list", z.enum(["a", "b"]), "c", "a"],
  ["a number", z.coerce.number(), "x", "7"],
] as const) {
  test(`${what} is asked for`, () => {
    const schema = z.object({ part });
    assert.ok(judge(schema, { part: refused }).error);
    assert.equal(judge(schema, { part: taken }).error, undefined);
  });
}

test("what changes text changes it, and a rule for the whole is a rule", () => {
  const lower = z.object({ part: z.string().toLowerCase() });
  assert.deepEqual(judge(lower, { part: "ABC" }).value, { part: "abc" });
  const whole = z.object({ a: z.string(), b: z.string() }).refine(({ a, b }) => a !== b);
  assert.ok(judge(whole, { a: "x", b: "x" }).error);
  assert.equal(judge(whole, { a: "x", b: "y" }).error, undefined);
});
