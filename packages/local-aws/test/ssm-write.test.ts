// PutParameter, DeleteParameter and LabelParameterVersion through the real SSM client.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeleteParameterCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
} from "@aws-sdk/client-ssm";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const Name = "/airlock/dev/new";

const put = (more: Partial<PutParameterCommandInput> = {}) =>
  bench.ssm().send(new PutParameterCommand({ Name, Value: "one", Type: "String", ...more }));
const get = async (name = Name) =>
  (await bench.ssm().send(new GetParameterCommand({ Name: name }))).Parameter;
const label = (Labels: string[], ParameterVersion?: number) =>
  bench.ssm().send(
    new LabelParameterVersionCommand({
      Name,
      Labels,
      ...(ParameterVersion === undefined ? {} : { ParameterVersion }),
    }),
  );

test("a new parameter begins at version 1, and each overwrite adds one", async () => {
  const first = await put();
  assert.deepEqual([first.Version, first.Tier], [1, "Standard"]);
  assert.equal((await put({ Value: "two", Overwrite: true })).Version, 2);
  assert.equal((await get())?.Value, "two");
});

test("what exists is not overwritten unasked", async () => {
  await put();
  await refused(put(), "ParameterAlreadyExists", 400);
});

test("a type is needed for a new parameter and kept by an overwrite", async () => {
  const untyped = { Name: "/untyped", Value: "x", Overwrite: true };
  const send = () => bench.ssm().send(new PutParameterCommand(untyped));
  const error = await refused(send(), "ValidationException", 400);
  assert.match(error.message, /parameter type is required/);
  await put({ Name: "/untyped", Type: "SecureString" });
  await send();
  assert.equal((await get("/untyped"))?.Type, "SecureString");
});

test("an unknown type or an empty value is a ValidationException that repeats no value", async () => {
  const type = await refused(put({ Type: "Text" as never }), "ValidationException", 400);
  assert.match(type.message, /enum value set/);
  const empty = await refused(put({ Value: "" }), "ValidationException", 400);
  assert.match(empty.message, /Sensitive Data Redacted/);
});

test("a standard parameter holds 4096 characters, an advanced one 8192", async () => {
  await put({ Name: "/fits", Value: "x".repeat(4096) });
  await refused(put({ Value: "x".repeat(4097) }), "ValidationException", 400);
  const advanced = await put({ Value: "x".repeat(8192), Tier: "Advanced" });
  assert.equal(advanced.Tier, "Advanced");
  await refused(
    put({ Value: "x".repeat(8193), Tier: "Advanced", Overwrite: true }),
    "ValidationException",
    400,
  );
  await refused(put({ Tier: "Standard", Overwrite: true }), "ValidationException", 400);
  const chosen = await put({
    Name: "/chosen",
    Value: "x".repeat(5000),
    Tier: "Intelligent-Tiering",
  });
  assert.equal(chosen.Tier, "Advanced");
});

test("an allowed pattern binds this value and the next", async () => {
  await put({ AllowedPattern: "[a-z]+" });
  await refused(put({ Value: "1", Overwrite: true }), "ParameterPatternMismatchException", 400);
  await refused(put({ Name: "/p", AllowedPattern: "(" }), "InvalidAllowedPatternException", 400);
});

test("names that are reserved or not fully qualified are refused", async () => {
  const bad = ["a/b", "awsome", "SSM-thing", "/ssm/x", "a b", "/a//b", "/a/", "a:b"];
  for (const name of [...bad, `/${"n".repeat(1011)}`]) {
    await refused(put({ Name: name }), "ValidationException", 400);
  }
  await refused(put({ Name: "/aws/x" }), "AccessDeniedException", 400);
  await refused(put({ Name: "/AWSome/x" }), "AccessDeniedException", 400);
});

test("fifteen levels are taken, sixteen are not", async () => {
  await put({ Name: "/l".repeat(15) });
  await refused(put({ Name: "/l".repeat(16) }), "HierarchyLevelLimitExceededException", 400);
});

test("a hundred versions are kept, and a labelled oldest one is not pushed out", async () => {
  const parameters = Array.from({ length: 100 }, (_, index) => ({
    name: Name,
    value: `v${index + 1}`,
  }));
  bench.aws.parameters.put({ parameters });
  assert.equal((await put({ Overwrite: true })).Version, 101);
  await refused(get(`${Name}:1`), "ParameterVersionNotFound", 400);
  assert.equal((await get(`${Name}:2`))?.Value, "v2");
  await label(["keep"], 2);
  await refused(put({ Overwrite: true }), "ParameterMaxVersionLimitExceeded", 400);
});

test("a description is kept and shown", async () => {
  await put({ Description: "what it is for" });
  const { Parameters } = await bench
    .ssm()
    .send(new DescribeParametersCommand({ ParameterFilters: [{ Key: "Name", Values: [Name] }] }));
  assert.equal(Parameters?.[0]?.Description, "what it is for");
  assert.match(Parameters?.[0]?.LastModifiedUser ?? "", /:assumed-role\/airlock-aux-role-dev\//);
});

test("a deleted parameter is gone with its versions", async () => {
  await put();
  await bench.ssm().send(new DeleteParameterCommand({ Name }));
  await refused(get(), "ParameterNotFound", 400);
  await refused(bench.ssm().send(new DeleteParameterCommand({ Name })), "ParameterNotFound", 400);
  assert.equal((await put()).Version, 1);
});

test("a label moves to the version it is given to last", async () => {
  await put();
  await put({ Value: "two", Overwrite: true });
  assert.equal((await label(["live"])).ParameterVersion, 2);
  assert.equal((await get(`${Name}:live`))?.Value, "two");
  await label(["live"], 1);
  assert.equal((await get(`${Name}:live`))?.Value, "one");
});

test("labels that break the rules are reported, the others attached", async () => {
  await put();
  const { InvalidLabels } = await label(["good", "1st", "aws-x", "ssm", "a b"]);
  assert.deepEqual(InvalidLabels, ["1st", "aws-x", "ssm", "a b"]);
  assert.equal((await get(`${Name}:good`))?.Version, 1);
});

test("a version takes ten labels, and only a version that exists", async () => {
  await put();
  await label(Array.from({ length: 10 }, (_, index) => `l${index}`));
  await refused(label(["more"]), "ParameterVersionLabelLimitExceeded", 400);
  await refused(label(["x"], 9), "ParameterVersionNotFound", 400);
});
