/** Which spellings of a parameter name are one name, and which are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseParameterName } from "@airlock/contract";

const levels = (count: number) => Array.from({ length: count }, (_, i) => `l${i}`).join("/");

for (const [raw, name] of [
  ["my-parameter", "my-parameter"],
  ["/my-parameter", "my-parameter"],
  ["a/b", "/a/b"],
  ["/a/b", "/a/b"],
  ["%2Fa%2Fb", "/a/b"],
  ["%2fa/b", "/a/b"],
  ["%61/b", "/a/b"],
  ["a.b_c-d/E.9", "/a.b_c-d/E.9"],
  ["...", "..."],
  ["/evil.example.com/x", "/evil.example.com/x"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["a".repeat(1011), "a".repeat(1011)],
  [levels(15), `/${levels(15)}`],
] as const) {
  test(`${raw.slice(0, 40)} is the name ${name.slice(0, 40)}`, () => {
    assert.equal(parseParameterName(raw), name);
  });
}

for (const raw of [
  "",
  "/",
  "%2F",
  "//a",
  "///a",
  "/%2Fa",
  "a//b",
  "a/",
  "a%2F",
  ".",
  "..",
  "%2e",
  "%2e%2e",
  ".%2e",
  "a/./b",
  "a/../b",
  "../s3/buckets",
  "..%2f..%2fs3%2fbuckets",
  "%252Fa",
  "%25",
  "x:3",
  "x%3A3",
  "arn:aws:ssm:eu-west-1:111122223333:parameter/a",
  "%00",
  "a%00b",
  "a%0d%0aX:1",
  "a%3Fb",
  "a%23b",
  "a%20b",
  "a b",
  "a;b",
  "a\\b",
  "a+b",
  "%",
  "%zz",
  "%c0%af",
  "%ff",
  "ü",
  "%C3%BC",
  "%EF%BC%8E%EF%BC%8E",
  "a".repeat(1012),
  levels(16),
  `${"a/".repeat(25_000)}!`,
]) {
  test(`${JSON.stringify(raw.slice(0, 50))} is no name`, () => {
    assert.equal(parseParameterName(raw), undefined);
  });
}
