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
} from "@airlock/contract";
import type * as z from "zod";

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
