/** What SSM's answers mean: here, not here, refused, or nothing at all. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { problemOf, until } from "./harness.ts";
import { namesOf, putMany, readOnes, startParameterRig } from "./parameter-harness.ts";

const NAME = "/airlock/dev/database/host";
const JSON_TYPE = "application/x-amz-json-1.1";

describe("a 200 that says nothing", { concurrency: true }, () => {
  for (const body of [
    "{}",
    "null",
    "",
    '{"Parameters":[]}',
    '{"Parameters":null}',
    '{"Parameters":[{"Name":"x"}]}',
    '{"Parameters":[null]}',
  ]) {
    test(`${body || "an empty body"} is an outage: stale or 502, never "not found", never remembered`, async (t) => {
      const { aws, local, advance } = await startParameterRig(t);
      await aws.parameters.get(NAME);
      await aws.parameters.list();
      await aws.parameters.tree("/airlock/dev", { recursive: true });
      const fault = { kind: "answer", service: "ssm", body, contentType: JSON_TYPE } as const;
      local.faults.set([fault]);
      advance(61_000);
      const old = await aws.parameters.get(NAME);
      assert.deepEqual([old.cache, old.value.value], ["stale", "db.dev.example.com"]);
      assert.equal((await problemOf(aws.parameters.get("my-parameter"))).code, "aws_error");
      const many = await aws.parameters.getMany([NAME, "my-parameter"]);
      assert.equal(readOnes(many).size, 1);
      if (body !== '{"Parameters":[]}' && body !== '{"Parameters":[null]}') {
        const list = await aws.parameters.list();
        assert.deepEqual([list.cache, list.value.length], ["stale", 13]);
        const tree = await aws.parameters.tree("/airlock/dev", { recursive: true });
        assert.deepEqual([tree.cache, tree.value.parameters.length], ["stale", 12]);
        const cold = await problemOf(aws.parameters.tree("/airlock", { recursive: true }));
        assert.equal(cold.code, "aws_error");
      }
      local.faults.clear();
      assert.equal((await aws.parameters.get("my-parameter")).value.value, "a root-level value");
    });
  }

  test("wakes nobody who waits for a change", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    const { value } = await aws.parameters.get(NAME);
    local.faults.set([{ kind: "answer", service: "ssm", body: "{}", contentType: JSON_TYPE }]);
    const changed = aws.parameters.waitForChange(NAME, value, { limitMs: 2500 });
    newCalls();
    await until(() => newCalls() > 0);
    assert.equal(await changed, "over");
  });
});

test("a secret has version 0 where SSM says so, and where it says nothing", async (t) => {
  const { aws, local } = await startParameterRig(t);
  const name = "/aws/reference/secretsmanager/x";
  for (const [i, version] of [{ Version: 0 }, {}].entries()) {
    const part = { Name: name, Type: "SecureString", Value: "s", LastModifiedDate: 1, ...version };
    const body = JSON.stringify({ Parameters: [part], InvalidParameters: [] });
    local.faults.set([{ kind: "answer", service: "ssm", body, contentType: JSON_TYPE }]);
    const { value } = await aws.parameters.get(name, { label: `read-${i}` });
    assert.deepEqual([value.version, value.value], [0, "s"]);
  }
});

test("a type that is none here is left out of lists and trees", async (t) => {
  const { aws, local } = await startParameterRig(t);
  const part = { Value: "v", Version: 1, LastModifiedDate: 1 };
  const Parameters = [
    { Name: "/a/b", Type: "Table", ...part },
    { Name: "/a/c", Type: "String", ...part },
    { Name: "/a/../d", Type: "String", ...part },
  ];
  const body = JSON.stringify({ Parameters });
  local.faults.set([{ kind: "answer", service: "ssm", body, contentType: JSON_TYPE }]);
  const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name);
  assert.deepEqual(names((await aws.parameters.list()).value), ["/a/c"]);
  const tree = await aws.parameters.tree("/a", { recursive: true });
  assert.deepEqual(names(tree.value.parameters), ["/a/c"]);
});

describe("a name that is refused", { concurrency: true }, () => {
  test("costs halves, wherever it stands, and spoils no other", async (t) => {
    for (const bad of [0, 4, 9]) {
      const { aws, local, newCalls, advance } = await startParameterRig(t);
      const names = putMany(local, 10);
      const [name = ""] = names.slice(bad);
      local.faults.set([{ kind: "iamDeny", names: name }]);
      const found = await aws.parameters.getMany(names);
      assert.equal(readOnes(found).size, 9);
      const refused = found.get(name);
      assert.ok(refused && "code" in refused && refused.code === "access_denied");
      const calls = newCalls();
      assert.ok(calls <= 9, `${calls} calls`);
      advance(11_000);
      await aws.parameters.getMany(names);
      assert.equal(newCalls(), 2, "from then on it travels alone");
    }
  });

  test("is asked for once more before it drops a good value", async (t) => {
    const { aws, local, advance, newCalls } = await startParameterRig(t);
    await aws.parameters.get(NAME);
    advance(11_000);
    local.faults.set([{ kind: "iamDeny", names: NAME, count: 1 }]);
    newCalls();
    const slip = await aws.parameters.get(NAME);
    assert.deepEqual([slip.value.value, newCalls()], ["db.dev.example.com", 2]);
    advance(11_000);
    local.faults.set([{ kind: "iamDeny", names: NAME }]);
    assert.equal((await problemOf(aws.parameters.get(NAME))).code, "access_denied");
    assert.equal(newCalls(), 2, "refused twice, it is gone");
    advance(6000);
    local.faults.set([{ kind: "throttle", service: "ssm" }]);
    assert.equal((await problemOf(aws.parameters.get(NAME))).code, "aws_throttled");
  });

  test("without a good value is asked for once", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    local.faults.set([{ kind: "iamDeny", names: NAME }]);
    await problemOf(aws.parameters.get(NAME));
    assert.equal(newCalls(), 1);
  });

  test("a batch of 93 names of which KMS refuses three costs 40 calls at most", async (t) => {
    for (const places of [
      [0, 1, 2],
      [4, 44, 84],
      [9, 50, 92],
      [91, 92, 90],
    ]) {
      const { aws, local, newCalls } = await startParameterRig(t);
      const names = putMany(local, 93);
      const refused = places.map((place) => names[place] ?? assert.fail());
      local.parameters.put({
        parameters: refused.map((name) => ({ name, value: "s", type: "SecureString" })),
      });
      local.faults.set(refused.map((name) => ({ kind: "kmsDeny", names: name })));
      const found = await aws.parameters.getMany(names);
      assert.deepEqual(
        [...readOnes(found).keys()],
        names.filter((one) => !refused.includes(one)),
      );
      const calls = newCalls();
      t.diagnostic(`${calls} calls`);
      assert.ok(calls <= 40, `${calls} calls`);
    }
  });
});

describe("a tree", { concurrency: true }, () => {
  const path = "/airlock/dev";
  for (const how of ["accessDenied", "disabled"] as const) {
    test(`with what KMS refuses (${how}) holds the others, and says which not`, async (t) => {
      const { aws, local, advance, newCalls } = await startParameterRig(t);
      local.faults.set([{ kind: "kmsDeny", names: "*/password", how }]);
      const read = () => aws.parameters.tree(path, { recursive: true });
      const { value } = await read();
      assert.equal(value.parameters.length, 11);
      assert.deepEqual(
        value.failed.map(({ name }) => name),
        ["/airlock/dev/database/password"],
      );
      const url = value.parameters.find(({ name }) => name.endsWith("/url"));
      assert.match(url?.value ?? "", /^postgresql:/);
      newCalls("GetParametersByPath");
      advance(11_000);
      assert.equal((await read()).value.parameters.length, 11);
      assert.equal(newCalls("GetParametersByPath"), 2, "it is known not to come in the clear");
      local.faults.clear();
      advance(11_000);
      assert.deepEqual((await read()).value.failed, []);
      newCalls();
      advance(11_000);
      await read();
      assert.equal(newCalls(), 0, "and comes in the clear again");
    });
  }

  test("that IAM refuses is refused as a whole", async (t) => {
    const { aws, local } = await startParameterRig(t);
    local.faults.set([{ kind: "iamDeny", names: "/airlock*" }]);
    const problem = await problemOf(aws.parameters.tree(path, { recursive: true }));
    assert.equal(problem.code, "access_denied");
  });

  test("and the list are whole where pages are short, or empty in the middle and at the end", async (t) => {
    const { aws, local } = await startParameterRig(t);
    local.faults.set([{ kind: "shortPages" }]);
    assert.equal(
      (await aws.parameters.tree(path, { recursive: true })).value.parameters.length,
      12,
    );
    assert.equal((await aws.parameters.list()).value.length, 13);
  });
});

test("the account that ARNs must not be of: by the role, or as STS says it, once", async (t) => {
  const own = ["arn:aws:ssm:eu-west-1:111122223333:parameter/x"];
  const other = ["arn:aws:ssm:eu-west-1:444455556666:parameter/x", "/x"];
  for (const env of [{}, { AWS_ROLE_ARN: "" }]) {
    const { aws, local } = await startParameterRig(t, env);
    local.calls.reset();
    assert.equal((await problemOf(aws.parameters.checkNames(own))).code, "invalid_parameter_name");
    await aws.parameters.checkNames(other);
    await aws.parameters.checkNames(namesOf("many", 3));
    const asked = local.calls.counts().byOperation["sts.GetCallerIdentity"] ?? 0;
    assert.equal(asked, "AWS_ROLE_ARN" in env ? 1 : 0);
  }
  const { aws, local } = await startParameterRig(t, { AWS_ROLE_ARN: "" });
  local.faults.set([{ kind: "stsDown", how: "503", count: 1 }]);
  const unknown = await problemOf(aws.parameters.checkNames(other));
  assert.deepEqual(
    [unknown.code, unknown.headers["retry-after"]],
    ["credentials_unavailable", "1"],
  );
  await aws.parameters.checkNames(other);
});
