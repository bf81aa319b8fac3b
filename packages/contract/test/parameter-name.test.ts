/** Which spellings of a parameter name are one name, and which are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalParameterName,
  canonicalParameterPath,
  canonicalParameterPrefix,
  hasPrefix,
  parseParameterName,
} from "@airlock/contract";

const ARN = "arn:aws:ssm:eu-west-1:444455556666:parameter/a";
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
  ["/aws/service/x", "/aws/service/x"],
  ["aws/reference/secretsmanager/a/b", "/aws/reference/secretsmanager/a/b"],
  [ARN, ARN],
  [ARN.replaceAll(":", "%3A").replaceAll("/", "%2f"), ARN],
  [`${ARN}/b`, `${ARN}/b`],
  [
    ARN.replace("aws", "aws-us-gov").replace("eu-west", "us-gov-west"),
    ARN.replace("aws", "aws-us-gov").replace("eu-west", "us-gov-west"),
  ],
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
  `/${ARN}`,
  `${ARN}:3`,
  `${ARN}/`,
  `${ARN}//b`,
  `${ARN}/../b`,
  ARN.replace("parameter/a", "parameter"),
  ARN.replace("parameter/a", "parameter//a"),
  ARN.replace("parameter", "document"),
  ARN.replace(":ssm:", ":secretsmanager:"),
  ARN.replace("444455556666", ""),
  ARN.replace("444455556666", "44445555666"),
  ARN.replace("eu-west-1", "*"),
  ARN.toUpperCase(),
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

test("a path is the same with a slash at its end and without", () => {
  for (const text of ["/a/b", "/a/b/", "a/b", "a/b/"]) {
    assert.equal(canonicalParameterPath(text), "/a/b", text);
  }
  for (const text of ["a", "/a", "/a/"]) assert.equal(canonicalParameterPath(text), "/a", text);
  assert.equal(canonicalParameterPath("/"), "/");
  for (const text of ["", "//", "/a//", "//a", "/a/../b", "/a/*", ARN]) {
    assert.equal(canonicalParameterPath(text), undefined, text);
  }
});

test("a prefix is spelt as names are, with its leading slash or without", () => {
  const begins = (prefix: string) => {
    const canonical = canonicalParameterPrefix(prefix) ?? assert.fail(prefix);
    return ["app", "/app/db/host", "/app/dbx/host", "/other/x"].filter((text) =>
      hasPrefix(canonicalParameterName(text) ?? assert.fail(text), canonical),
    );
  };
  for (const prefix of ["app/db", "/app/db"]) {
    assert.deepEqual(begins(prefix), ["/app/db/host", "/app/dbx/host"]);
  }
  for (const prefix of ["app/db/", "/app/db/"]) assert.deepEqual(begins(prefix), ["/app/db/host"]);
  for (const prefix of ["app", "/app"]) assert.equal(begins(prefix).length, 3);
  assert.equal(begins("/").length, 4);
  for (const text of ["//", "a//b", "/a/../b", "a b", "a*", ARN, `${levels(15)}/x`]) {
    assert.equal(canonicalParameterPrefix(text), undefined, text);
  }
});
