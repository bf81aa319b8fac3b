// DescribeParameters and GetParametersByPath through the real SSM client.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DescribeParametersCommand,
  type DescribeParametersCommandInput,
  GetParametersByPathCommand,
  type GetParametersByPathCommandInput,
  type ParameterStringFilter,
  paginateDescribeParameters,
  paginateGetParametersByPath,
} from "@aws-sdk/client-ssm";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const ARN = "arn:aws:ssm:eu-west-1:444455556666:parameter";

const describe = (input: DescribeParametersCommandInput) =>
  bench.ssm().send(new DescribeParametersCommand(input));
const byPath = (input: GetParametersByPathCommandInput) =>
  bench.ssm().send(new GetParametersByPathCommand(input));

async function described(...ParameterFilters: ParameterStringFilter[]): Promise<string[]> {
  const { Parameters } = await describe({ MaxResults: 50, ParameterFilters });
  return (Parameters ?? []).map(({ Name }) => Name ?? "");
}

test("a description has everything but the value", async () => {
  const { Parameters } = await describe({ MaxResults: 50 });
  assert.equal(Parameters?.length, 13);
  const url = Parameters?.find(({ Name }) => Name === "/airlock/dev/database/url");
  assert.equal(url?.Type, "SecureString");
  assert.equal(url?.KeyId, "alias/aws/ssm");
  assert.equal(url?.Tier, "Standard");
  assert.equal(url?.Version, 1);
  assert.ok(url && !("Value" in url));
});

test("ten descriptions come where no size is asked for, fifty at most", async () => {
  const { Parameters, NextToken } = await describe({});
  assert.equal(Parameters?.length, 10);
  assert.ok(NextToken);
  await refused(describe({ MaxResults: 51 }), "ValidationException", 400);
  await refused(describe({ MaxResults: 0 }), "ValidationException", 400);
});

test("pages hold every parameter once", async () => {
  const names: unknown[] = [];
  for await (const page of paginateDescribeParameters({ client: bench.ssm(), pageSize: 4 }, {})) {
    names.push(...(page.Parameters ?? []).map(({ Name }) => Name));
  }
  assert.equal(names.length, 13);
  assert.equal(new Set(names).size, 13);
});

test("a token of another list is InvalidNextToken", async () => {
  await refused(describe({ NextToken: "made-up" }), "InvalidNextToken", 400);
  const { NextToken } = await describe({ MaxResults: 1 });
  assert.ok(NextToken);
  await refused(byPath({ Path: "/", NextToken }), "InvalidNextToken", 400);
});

test("names are filtered by equality, beginning or part", async () => {
  const Key = "Name";
  assert.deepEqual(await described({ Key, Values: ["my-parameter"] }), ["my-parameter"]);
  assert.equal(
    (await described({ Key, Option: "BeginsWith", Values: ["/airlock/dev/database/"] })).length,
    5,
  );
  assert.deepEqual(await described({ Key, Option: "Contains", Values: ["flags", "ttl"] }), [
    "/airlock/dev/cache/ttl",
    "/airlock/dev/features/flags",
  ]);
});

test("types and paths are filtered, together with others", async () => {
  const list = { Key: "Type", Values: ["StringList"] };
  assert.equal((await described(list)).length, 2);
  const under = { Key: "Path", Option: "Recursive", Values: ["/airlock/dev/database"] };
  assert.equal((await described(under)).length, 5);
  assert.deepEqual(await described(list, under), ["/airlock/dev/database/replicas"]);
  const oneLevel = { Key: "Path", Values: ["/airlock/dev"] };
  assert.deepEqual(await described(oneLevel), []);
});

test("bad filters are refused by name", async () => {
  const one = (filter: ParameterStringFilter) => described(filter);
  await refused(one({ Key: "Colour", Values: ["x"] }), "ValidationException", 400);
  await refused(one({ Key: "Label", Values: ["x"] }), "InvalidFilterKey", 400);
  await refused(
    one({ Key: "Type", Option: "Contains", Values: ["x"] }),
    "InvalidFilterOption",
    400,
  );
  await refused(one({ Key: "Name" }), "InvalidFilterValue", 400);
  await refused(one({ Key: "Path", Values: ["airlock"] }), "ValidationException", 400);
});

test("public parameters have a path and no description; secrets and shared ones neither", async () => {
  const names = ["/aws/service/ami/latest", "/aws/reference/secretsmanager/s", `${ARN}/x`];
  bench.aws.parameters.put({ parameters: names.map((name) => ({ name, value: "v" })) });
  const { Parameters } = await byPath({ Path: "/aws", Recursive: true });
  assert.deepEqual(
    Parameters?.map(({ Name, ARN }) => [Name, ARN]),
    [["/aws/service/ami/latest", "arn:aws:ssm:eu-west-1::parameter/aws/service/ami/latest"]],
  );
  assert.equal((await describe({ MaxResults: 50 })).Parameters?.length, 13);
  const own = await byPath({ Path: "/", Recursive: true, MaxResults: 1 });
  assert.equal(own.Parameters?.[0]?.Name, "/airlock/dev/api/config");
  for (const name of names) {
    await refused(described({ Key: "Name", Values: [name] }), "ValidationException", 400);
  }
});

test("with shortPages pages are short or empty, and hold every parameter once", async () => {
  bench.aws.faults.set([{ kind: "shortPages" }]);
  const sizes: number[] = [];
  const names: unknown[] = [];
  for await (const page of paginateDescribeParameters({ client: bench.ssm() }, {})) {
    sizes.push(page.Parameters?.length ?? -1);
    names.push(...(page.Parameters ?? []).map(({ Name }) => Name));
  }
  assert.deepEqual(sizes, [1, 0, 3, 0, 0, 2, 1, 0, 3, 0, 0, 2, 1, 0]);
  assert.equal(new Set(names).size, 13);
});

test("a path that IAM denies is refused", async () => {
  bench.aws.faults.set([{ kind: "iamDeny", operation: "GetParametersByPath", names: "/airlock*" }]);
  await refused(byPath({ Path: "/airlock/dev" }), "AccessDeniedException", 400);
  await byPath({ Path: "/other" });
});

test("a path is read one level deep, or all the way down", async () => {
  const names = async (input: GetParametersByPathCommandInput) =>
    ((await byPath(input)).Parameters ?? []).map(({ Name }) => Name);
  assert.deepEqual(await names({ Path: "/airlock/dev" }), []);
  assert.equal((await names({ Path: "/airlock/dev/database" })).length, 5);
  assert.equal((await names({ Path: "/airlock/dev/database/" })).length, 5);
  assert.deepEqual(await names({ Path: "/airlock/dev/api", Recursive: true }), [
    "/airlock/dev/api/config",
    "/airlock/dev/api/key",
  ]);
  assert.deepEqual(await names({ Path: "/airlock/dev/database/host" }), []);
  assert.deepEqual(await names({ Path: "/" }), ["my-parameter"]);
});

test("values under a path come in pages of ten at most", async () => {
  const config = { client: bench.ssm() };
  const pages: number[] = [];
  for await (const page of paginateGetParametersByPath(config, { Path: "/", Recursive: true })) {
    pages.push(page.Parameters?.length ?? 0);
  }
  assert.deepEqual(pages, [10, 3]);
  await refused(byPath({ Path: "/", MaxResults: 11 }), "ValidationException", 400);
});

test("values under a path are decrypted on demand and filtered by type", async () => {
  const ask = {
    Path: "/airlock/dev/api",
    ParameterFilters: [{ Key: "Type", Values: ["SecureString"] }],
  };
  const sealed = await byPath(ask);
  assert.match(sealed.Parameters?.[0]?.Value ?? "", /^AQICAHh/);
  const open = await byPath({ ...ask, WithDecryption: true });
  assert.deepEqual(
    open.Parameters?.map(({ Value }) => Value),
    ["seed-api-key-not-a-secret"],
  );
  const byName = { Path: "/", ParameterFilters: [{ Key: "Name", Values: ["x"] }] };
  await refused(byPath(byName), "InvalidFilterKey", 400);
});

test("a path without a leading slash is a ValidationException", async () => {
  await refused(byPath({ Path: "airlock/dev" }), "ValidationException", 400);
  await refused(byPath({ Path: "/a//b" }), "ValidationException", 400);
});
