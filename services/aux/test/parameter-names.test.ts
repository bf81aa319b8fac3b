/** One parameter has one name, whichever way it is spelt, asked for and answered. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ParameterBatch, Parameters, ParameterTree, Problem } from "@airlock/contract";
import type { LocalAws } from "@airlock/local-aws";
import { startAux } from "./harness.ts";

const OWN = "arn:aws:ssm:eu-west-1:111122223333:parameter";
const THEIRS = "arn:aws:ssm:eu-west-1:444455556666:parameter";
const SECRET = "/aws/reference/secretsmanager/team/db";

const ALL_BUT_ROOT_SECRET = `version: 1
rules:
  - { id: all, callers: ["*"], verbs: [list, read], parameters: ["**"], decrypt: true }
  - { id: no, effect: deny, callers: ["*"], verbs: [list, read], parameters: [root-secret] }
`;

const put = (...parameters: { name: string; value: string }[]) => {
  return (local: LocalAws) => void local.parameters.put({ parameters });
};

/** Status and body of a GET, JSON or not. */
async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe("a deny rule", () => {
  for (const spelling of ["root-secret", "/root-secret"]) {
    test(`holds for a parameter that was put as ${spelling}, whichever way it is asked for`, async (t) => {
      const prepare = put({ name: spelling, value: "LEAKED" }, { name: "/open", value: "shown" });
      const policy = ALL_BUT_ROOT_SECRET;
      const { url } = await startAux(t, {}, prepare, { policy });
      for (const path of [
        "?path=/",
        "?path=/&recursive=true",
        "?path=/&recursive=true&limit=1000",
        "",
        "?prefix=root",
        "?prefix=/root-secret",
        "?name=root-secret&name=open",
        "?name=/root-secret&name=/open",
      ]) {
        const { status, text } = await get(`${url}/parameters${path}`);
        assert.equal(status, 200, path);
        assert.ok(!text.includes("LEAKED"), `${path}: ${text}`);
        assert.ok(!path.includes("name=") || text.includes('"missing":["root-secret"]'), text);
        assert.ok(path.includes("name=") || !text.includes("root-secret"), `${path}: ${text}`);
        assert.ok(path.includes("root") || text.includes('"open"'), `${path}: ${text}`);
      }
      for (const path of ["root-secret", "/root-secret", "%2Froot-secret"]) {
        assert.equal((await get(`${url}/parameters/${path}`)).status, 404);
        assert.equal((await get(`${url}/parameters/${path}?version=1`)).status, 404);
      }
    });
  }

  test("holds for an ARN of the account itself: that is no name here", async (t) => {
    const policy = `${ALL_BUT_ROOT_SECRET}
  - { id: arns, callers: ["*"], verbs: [read], parameters: ["arn:*/**"], decrypt: true }
`;
    const { url } = await startAux(t, {}, put({ name: "root-secret", value: "LEAKED" }), {
      policy,
    });
    for (const path of [
      `/${OWN}/root-secret`,
      `?name=${OWN}/root-secret`,
      `/${OWN}/my-parameter`,
    ]) {
      const { status, text } = await get(`${url}/parameters${path}`);
      assert.equal(status, 400, text);
      assert.equal(Problem.parse(JSON.parse(text)).code, "invalid_parameter_name");
      assert.ok(!text.includes("111122223333"), text);
    }
  });
});

test("a list, a tree and a value show the one spelling, and explain takes each", async (t) => {
  const { url } = await startAux(t, {}, put({ name: "/slashed", value: "v" }));
  const listed = Parameters.parse(JSON.parse((await get(`${url}/parameters?prefix=sla`)).text));
  assert.deepEqual(
    listed.parameters.map(({ name }) => name),
    ["slashed"],
  );
  const tree = ParameterTree.parse(JSON.parse((await get(`${url}/parameters?path=/`)).text));
  assert.deepEqual(
    tree.parameters.map(({ name }) => name),
    ["my-parameter", "slashed"],
  );
  for (const path of ["slashed", "/slashed"]) {
    const { text } = await get(`${url}/parameters/${path}`);
    assert.equal(JSON.parse(text).name, "slashed");
  }
});

test("wait does not spin on a name that SSM spells otherwise, describes not, or shares", async (t) => {
  const names = ["slashed", "aws/service/example/latest", SECRET.slice(1), `${THEIRS}/shared/x`];
  const prepare = put(
    { name: "/slashed", value: "v" },
    { name: "/aws/service/example/latest", value: "7" },
    { name: SECRET, value: "s" },
    { name: `${THEIRS}/shared/x`, value: "theirs" },
  );
  const { url, local } = await startAux(t, {}, prepare);
  const etags = await Promise.all(
    names.map(async (name) => (await get(`${url}/parameters/${name}`)).headers.get("etag") ?? ""),
  );
  local.calls.reset();
  const started = performance.now();
  const waits = names.map((name, i) =>
    get(`${url}/parameters/${name}?wait=3s`, { "if-none-match": etags[i] ?? "" }),
  );
  for (const { status } of await Promise.all(waits)) assert.equal(status, 304);
  assert.ok(performance.now() - started >= 2900);
  const { byOperation } = local.calls.counts();
  assert.ok((byOperation["ssm.DescribeParameters"] ?? 0) <= 2, JSON.stringify(byOperation));
  // what cannot be described is read, in one call a poll and form
  assert.ok((byOperation["ssm.GetParameters"] ?? 0) <= 4, JSON.stringify(byOperation));

  const woken = names.map((name, i) =>
    get(`${url}/parameters/${name}?wait=20s`, { "if-none-match": etags[i] ?? "" }),
  );
  local.parameters.put({
    parameters: ["/slashed", "/aws/service/example/latest", SECRET, `${THEIRS}/shared/x`].map(
      (name) => ({ name, value: "new" }),
    ),
  });
  for (const { status, text } of await Promise.all(woken)) {
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).value, "new");
  }
});

test("a slash at the end of a path means the same path; a prefix is spelt as names are", async (t) => {
  const { url } = await startAux(t);
  const parsed = async (query: string) =>
    JSON.parse((await get(`${url}/parameters?${query}`)).text);
  const tree = await parsed("path=/airlock/dev/database");
  assert.equal(tree.count, 5);
  for (const path of ["/airlock/dev/database/", "airlock/dev/database/"]) {
    assert.deepEqual(await parsed(`path=${path}`), tree);
  }
  const list = await parsed("prefix=/airlock/dev/database/");
  assert.equal(list.count, 5);
  assert.deepEqual(await parsed("prefix=airlock/dev/database/"), list);
  assert.equal((await parsed("prefix=/my-")).count, 1);
  assert.equal((await parsed("prefix=my-")).count, 1);
});

describe("secrets of Secrets Manager", () => {
  const policy = `version: 1
rules:
  - { id: all, callers: ["*"], verbs: [read], parameters: ["**"], decrypt: true }
  - { id: team, callers: ["*"], verbs: [read], parameters: [${SECRET.replace("/db", "/**")}], decrypt: true }
`;
  const prepare = (local: LocalAws) => {
    put({ name: SECRET, value: "old" }, { name: `${SECRET}-file`, value: "" })(local);
    put({ name: SECRET, value: "new" })(local);
  };
  test("are read by reference, with version 0, by staging label and version id", async (t) => {
    const { url } = await startAux(t, {}, prepare, { policy });
    const { status, text } = await get(`${url}/parameters${SECRET}`);
    assert.equal(status, 200, text);
    const { last_modified, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, { name: SECRET, value: "new", type: "SecureString", version: 0 });
    assert.ok(!Number.isNaN(Date.parse(last_modified)));
    const before = await get(`${url}/parameters${SECRET}?label=AWSPREVIOUS`);
    assert.equal(JSON.parse(before.text).value, "old");
    assert.equal((await get(`${url}/parameters${SECRET}?label=AWSPENDING`)).status, 404);
    assert.equal((await get(`${url}/parameters${SECRET}-none`)).status, 404);
    const batch = await get(`${url}/parameters?name=my-parameter&name=${SECRET}`);
    assert.equal(ParameterBatch.parse(JSON.parse(batch.text)).parameters.length, 2);
  });

  test("that are binary, or not to be decrypted, are 400 and say so", async (t) => {
    const { url } = await startAux(t, {}, prepare, { policy });
    for (const [path, why] of [
      [`${SECRET}-file`, /binary/],
      [`${SECRET}?decrypt=false`, /without decrypting/],
    ] as const) {
      const { status, text } = await get(`${url}/parameters${path}`);
      assert.equal(status, 400, text);
      const { code, detail } = Problem.parse(JSON.parse(text));
      assert.equal(code, "aws_rejected_request");
      assert.match(detail, why);
    }
  });
});

describe("parameters of other accounts", () => {
  const prepare = put(
    { name: `${THEIRS}/shared/x`, value: "theirs" },
    { name: `${THEIRS}/other`, value: "hidden" },
    { name: "/shared/x", value: "ours" },
  );
  const policy = `version: 1
rules:
  - { id: all, callers: ["*"], verbs: [list, read], parameters: ["**"], decrypt: true }
  - id: shared
    callers: ["*"]
    verbs: [read]
    parameters: ["arn:aws:ssm:*:444455556666:parameter/shared/**"]
    decrypt: true
`;
  test("are read by ARN, in the path, as name= and in a batch, beside one of ours of that name", async (t) => {
    const { url } = await startAux(t, {}, prepare, { policy });
    const arn = `${THEIRS}/shared/x`;
    for (const path of [arn, encodeURIComponent(arn)]) {
      const { status, text } = await get(`${url}/parameters/${path}`);
      assert.equal(status, 200, text);
      assert.equal(JSON.parse(text).name, arn);
      assert.equal(JSON.parse(text).value, "theirs");
    }
    assert.equal((await get(`${url}/parameters/${arn}?version=1`)).status, 200);
    const names = [arn, "/shared/x", `${THEIRS}/other`, `${THEIRS}/shared/none`];
    const query = names.map((name) => `name=${encodeURIComponent(name)}`).join("&");
    const posted = await fetch(`${url}/parameters/batch`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ names }),
    });
    for (const text of [(await get(`${url}/parameters?${query}`)).text, await posted.text()]) {
      const batch = ParameterBatch.parse(JSON.parse(text));
      assert.deepEqual(
        batch.parameters.map(({ name, value }) => [name, value]),
        [
          [arn, "theirs"],
          ["/shared/x", "ours"],
        ],
      );
      assert.deepEqual(batch.missing, [`${THEIRS}/other`]);
      assert.deepEqual(batch.failed, [{ name: `${THEIRS}/shared/none`, code: "access_denied" }]);
    }
  });

  test("that may not be had in the clear are not told from those that nobody shares", async (t) => {
    const plain = policy.replaceAll(/,? *decrypt: true/g, "");
    const { url, local } = await startAux(t, {}, prepare, { policy: plain });
    const name = `${THEIRS}/shared/secret`;
    local.parameters.put({ parameters: [{ name, value: "s", type: "SecureString" }] });
    for (const one of [name, `${THEIRS}/shared/none`]) {
      assert.equal((await get(`${url}/parameters/${one}`)).status, 404, one);
      const { text } = await get(`${url}/parameters?name=${one}&name=/shared/x`);
      assert.deepEqual(ParameterBatch.parse(JSON.parse(text)).missing, [one]);
    }
    assert.equal((await get(`${url}/parameters/${THEIRS}/shared/x`)).status, 200);
    assert.equal((await get(`${url}/parameters/${name}?decrypt=false`)).status, 200);
  });

  test("and names under /aws/ are not what a star at the beginning means", async (t) => {
    const open = `version: 1
rules:
  - { id: all, callers: ["*"], verbs: [read], parameters: ["**", "/**", "/*/service/**"], decrypt: true }
`;
    const more = (local: LocalAws) => {
      prepare(local);
      put({ name: "/aws/service/x", value: "7" }, { name: SECRET, value: "s" })(local);
    };
    const { url } = await startAux(t, {}, more, { policy: open });
    for (const name of [`/${THEIRS}/shared/x`, "/aws/service/x", SECRET]) {
      assert.equal((await get(`${url}/parameters${name}`)).status, 404, name);
    }
    const tree = await get(`${url}/parameters?path=/aws&recursive=true`);
    assert.equal(ParameterTree.parse(JSON.parse(tree.text)).count, 0);
    assert.equal((await get(`${url}/parameters/shared/x`)).status, 200);
  });
});
