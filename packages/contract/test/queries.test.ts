/** Which queries are understood, and how; all others are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchRequest,
  BucketsQuery,
  eventsFormOf,
  isBucketName,
  isObjectKey,
  ObjectQuery,
  ObjectsQuery,
  ParameterQuery,
  ParametersQuery,
  PresignQuery,
  sentencesOf,
} from "@airlock/contract";
import * as z from "zod";

const ARN = "arn:aws:ssm:eu-west-1:444455556666:parameter/a/b";

const taken: [what: string, schema: z.ZodType, query: object, meaning: object][] = [
  ["a version", ParameterQuery, { version: "3" }, { version: 3 }],
  [
    "a label",
    ParameterQuery,
    { label: "prod", decrypt: "false" },
    { label: "prod", decrypt: false },
  ],
  ["a staging label", ParameterQuery, { label: "AWSPREVIOUS" }, { label: "AWSPREVIOUS" }],
  ["a version id", ParameterQuery, { label: "1a2b-3c" }, { label: "1a2b-3c" }],
  ["a path with a slash at its end", ParametersQuery, { path: "/a/b/" }, { path: "/a/b" }],
  ["a prefix without a slash", ParametersQuery, { prefix: "a/b" }, { prefix: "a/b" }],
  ["ARNs among names", ParametersQuery, { name: ["x", ARN] }, { name: ["x", ARN] }],
  ["a wait", ParameterQuery, { wait: "30s" }, { wait: 30 }],
  ["nothing", ParametersQuery, {}, {}],
  ["a list", ParametersQuery, { prefix: "/a", type: "String" }, { prefix: "/a", type: "String" }],
  ["a page", ParametersQuery, { limit: "1000", cursor: "x" }, { limit: 1000, cursor: "x" }],
  [
    "a tree",
    ParametersQuery,
    { path: "a/b", recursive: "true" },
    { path: "/a/b", recursive: true },
  ],
  ["the whole tree", ParametersQuery, { path: "/" }, { path: "/" }],
  ["one name", ParametersQuery, { name: "a/b" }, { name: ["/a/b"] }],
  ["names, each once", ParametersQuery, { name: ["/a/b", "x", "a/b"] }, { name: ["/a/b", "x"] }],
  [
    "a batch",
    BatchRequest,
    { names: ["a/b"], decrypt: false },
    { names: ["/a/b"], decrypt: false },
  ],
  ["a prefix of buckets", BucketsQuery, { prefix: "air" }, { prefix: "air" }],
  ["a delimiter", ObjectsQuery, { delimiter: "/", limit: "1" }, { delimiter: "/", limit: 1 }],
  [
    "an odd key",
    ObjectQuery,
    { bucket: "abc", key: "/../a//b" },
    { bucket: "abc", key: "/../a//b" },
  ],
  ["no words for an address", PresignQuery, {}, { method: "GET", expires_in: 900 }],
];
for (const [what, schema, query, meaning] of taken) {
  test(`understood: ${what}`, () => {
    assert.deepEqual({ ...(schema.parse(query) as object) }, meaning);
  });
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
const refused: [what: string, schema: z.ZodType, query: object][] = [
  ["an unknown word", ParameterQuery, { versoin: "3" }],
  ["version 0", ParameterQuery, { version: "0" }],
  ["a version that is no number", ParameterQuery, { version: "1e3" }],
  ["a version twice", ParameterQuery, { version: ["1", "2"] }],
  ["version and label", ParameterQuery, { version: "1", label: "a" }],
  ["a label of digits, which is a version", ParameterQuery, { label: "3" }],
  ["a prefix with an empty level", ParametersQuery, { prefix: "/a//b" }],
  ["a path that is an ARN", ParametersQuery, { path: ARN }],
  ["an ARN with a selector", ParametersQuery, { name: `${ARN}:3` }],
  ["a label with a colon", ParameterQuery, { label: "a:b" }],
  ["decrypt=yes", ParameterQuery, { decrypt: "yes" }],
  ["a wait without its unit", ParameterQuery, { wait: "30" }],
  ["a wait of 0", ParameterQuery, { wait: "0s" }],
  ["a wait beyond a minute", ParameterQuery, { wait: "61s" }],
  ["a wait for a version", ParameterQuery, { wait: "3s", version: "1" }],
  ["limit 0", ParametersQuery, { limit: "0" }],
  ["limit 1001", ParametersQuery, { limit: "1001" }],
  ["a negative limit", ParametersQuery, { limit: "-1" }],
  ["an empty cursor", ParametersQuery, { cursor: "" }],
  ["another type", ParametersQuery, { type: "Secret" }],
  ["a tree and a batch", ParametersQuery, { path: "/a", name: "b" }],
  ["a tree with a prefix", ParametersQuery, { path: "/a", prefix: "b" }],
  ["a batch with a limit", ParametersQuery, { name: "a", limit: "3" }],
  ["recursive without a path", ParametersQuery, { recursive: "true" }],
  ["decrypt without a value", ParametersQuery, { decrypt: "true" }],
  ["a path with a dot level", ParametersQuery, { path: "/a/.." }],
  ["a name with a selector", ParametersQuery, { name: "a:3" }],
  ["101 names", ParametersQuery, { name: names(101) }],
  ["no names", BatchRequest, { names: [] }],
  ["101 names in a body", BatchRequest, { names: names(101) }],
  ["a body with another member", BatchRequest, { names: ["a"], limit: 1 }],
  ["a name that is no text", BatchRequest, { names: [1] }],
  ["decrypt as text in a body", BatchRequest, { names: ["a"], decrypt: "false" }],
  ["an empty prefix", ObjectsQuery, { prefix: "" }],
  ["an object without a key", ObjectQuery, { bucket: "abc" }],
  ["an object with an empty key", ObjectQuery, { bucket: "abc", key: "" }],
  ["a key of 1025 bytes", ObjectQuery, { bucket: "abc", key: "x".repeat(1025) }],
  ["a bucket in capitals", ObjectQuery, { bucket: "ABC", key: "x" }],
  ["DELETE by address", PresignQuery, { method: "DELETE" }],
  ["more than seven days", PresignQuery, { expires_in: "604801" }],
];
for (const [what, schema, query] of refused) {
  test(`refused: ${what}`, () => {
    assert.equal(schema.safeParse(query).success, false);
  });
}

test("bucket names are those of S3", () => {
  for (const name of ["abc", "buckets", "a.b-c", "a".repeat(63), "1ab"])
    assert.ok(isBucketName(name));
  for (const name of ["ab", "a..b", "-ab", "ab-", "a_b", "10.0.0.1", "a/b", "a".repeat(64), ""]) {
    assert.ok(!isBucketName(name), name);
  }
});

test("keys are 1 to 1024 bytes of UTF-8", () => {
  for (const key of ["x", "..", "/", "é".repeat(512), "\u0001"]) assert.ok(isObjectKey(key));
  for (const key of ["", "é".repeat(513), "\ud800"]) assert.ok(!isObjectKey(key));
});

test("events are a page for who accepts JSON, come late for who waits, and else are a stream", () => {
  const forms: [accept: string | undefined, now: string, waiting: string][] = [
    [undefined, "stream", "wait"],
    ["*/*", "stream", "wait"],
    ["text/html, */*;q=0.8", "stream", "wait"],
    ["application/json", "page", "wait"],
    ["application/json, text/plain, */*", "page", "wait"],
    ["Application/JSON; charset=utf-8", "page", "wait"],
    ["text/event-stream", "stream", "stream"],
    ["application/json, text/event-stream", "stream", "stream"],
    ["application/json;q=0.9, text/event-stream;q=0.5", "page", "stream"],
    ["application/json;q=0, text/event-stream;q=x", "stream", "wait"],
    [",;,", "stream", "wait"],
  ];
  for (const [accept, now, waiting] of forms) {
    const told = [eventsFormOf(accept, false), eventsFormOf(accept, true)];
    assert.deepEqual(told, [now, waiting], accept);
  }
});

const mustBe = (schema: z.ZodType, input: unknown) =>
  sentencesOf(
    schema.safeParse(input, { reportInput: true }).error ?? { issues: [] },
    input,
    "body",
  );

/** Every code that an issue of zod can have, as someone meets it who sent the input. */
const sentences: [code: string, schema: z.ZodType, input: unknown, expected: string[]][] = [
  [
    "invalid_type",
    z.object({ a: z.string() }),
    { a: 5 },
    ["a: must be a text; it was the number 5"],
  ],
  ["invalid_type", z.object({ a: z.string() }), {}, ["a: is needed"]],
  [
    "invalid_type",
    z.object({ a: z.boolean() }),
    { a: null },
    ["a: must be true or false; it was null"],
  ],
  [
    "invalid_type",
    z.object({}),
    "x".repeat(12),
    ["body: must be an object; it was a text of 12 characters"],
  ],
  [
    "invalid_type",
    z.array(z.int()),
    [1, 1.5],
    ["body[1]: must be a whole number; it was the number 1.5"],
  ],
  [
    "invalid_value",
    z.object({ a: z.enum(["x", "y"]) }),
    { a: "zz" },
    ["a: must be one of x, y; it was a text of 2 characters"],
  ],
  [
    "invalid_value",
    z.object({ a: z.literal(true) }),
    { a: false },
    ["a: must be true; it was false"],
  ],
  [
    "invalid_format",
    z.object({ a: z.uuid() }),
    { a: "" },
    ["a: must be a UUID; it was an empty text"],
  ],
  [
    "invalid_format",
    z.iso.datetime(),
    "today",
    ["body: must be a time such as 2026-01-15T16:30:00Z; it was a text of 5 characters"],
  ],
  [
    "invalid_format",
    z.string().startsWith("s3:"),
    "x",
    ["body: must begin with s3:; it was a text of 1 character"],
  ],
  [
    "invalid_format",
    z.string().regex(/^a+$/),
    "b",
    ["body: has not the form that is asked for; it was a text of 1 character"],
  ],
  [
    "too_small",
    z.object({ a: z.string().min(1) }),
    { a: "" },
    ["a: must not be empty; it was an empty text"],
  ],
  [
    "too_small",
    z.array(z.string()).min(2),
    ["x"],
    ["body: must hold at least 2; it was a list of 1"],
  ],
  ["too_small", z.number().positive(), 0, ["body: must be more than 0; it was the number 0"]],
  [
    "too_big",
    z.object({ limit: z.int().max(1000) }),
    { limit: 5000 },
    ["limit: must be at most 1000; it was the number 5000"],
  ],
  [
    "too_big",
    z.string().max(3),
    "abcd",
    ["body: must have at most 3 characters; it was a text of 4 characters"],
  ],
  [
    "too_big",
    z.string().length(2),
    "123",
    ["body: must have exactly 2 characters; it was the text 123"],
  ],
  [
    "not_multiple_of",
    z.number().multipleOf(8),
    12,
    ["body: must be a multiple of 8; it was the number 12"],
  ],
  [
    "unrecognized_keys",
    z.strictObject({ prefix: z.string().optional() }),
    { prefx: "a", b: 1 },
    ["prefx: is not known here", "b: is not known here"],
  ],
  [
    "invalid_union",
    z.object({
      a: z.union([z.object({ b: z.string() }), z.object({ c: z.string(), d: z.string() })]),
    }),
    { a: { b: 1 } },
    ["a.b: must be a text; it was the number 1"],
  ],
  [
    "invalid_union",
    z.union([z.string(), z.number()]),
    [],
    ["body: must have one of the forms that are known here; it was a list of 0"],
  ],
  [
    "invalid_union",
    z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") })]),
    { kind: "b" },
    ["kind: must be a; it was a text of 1 character"],
  ],
  [
    "invalid_key",
    z.record(z.string().min(2), z.string()),
    { a: "x" },
    ["a: has a name that may not be there"],
  ],
  [
    "invalid_element",
    z.map(z.string(), z.number()),
    new Map([["a", "b"]]),
    ["a: must be a number; it was a text of 1 character"],
  ],
  [
    "custom",
    z.object({ a: z.string().refine(() => false) }),
    { a: "b" },
    ["a: is not right; it was a text of 1 character"],
  ],
  [
    "custom",
    z
      .object({ a: z.string(), b: z.string() })
      .refine(() => false, { path: ["b"], error: "does not go with a" }),
    { a: "1", b: "2" },
    ["b: does not go with a"],
  ],
];

for (const [code, schema, input, expected] of sentences) {
  test(`${code} is told in our words: ${expected[0]}`, () => {
    assert.deepEqual(mustBe(schema, input), expected);
  });
}

test("every code of zod has a sentence, and none shows what was sent", () => {
  const codes = new Set(sentences.map(([code]) => code));
  const all: Record<z.core.$ZodIssue["code"], true> = {
    invalid_type: true,
    too_big: true,
    too_small: true,
    invalid_format: true,
    not_multiple_of: true,
    unrecognized_keys: true,
    invalid_union: true,
    invalid_key: true,
    invalid_element: true,
    invalid_value: true,
    custom: true,
  };
  assert.deepEqual([...codes].sort(), Object.keys(all).sort());
  const secret = "gpud_Zk3vQ9aBsecretsecretsecret";
  for (const schema of [z.int(), z.enum(["a"]), z.uuid(), z.string().max(3), z.strictObject({})]) {
    for (const input of [secret, { [secret]: secret }, { a: { [secret]: 1 } }]) {
      assert.doesNotMatch(mustBe(schema, input).join(), /secret/);
    }
  }
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`m${n}`, n]));
  assert.deepEqual(mustBe(z.strictObject({}), many).slice(9), [
    "m9: is not known here",
    "and 30 more",
  ]);
});
