/** What the policy denies shows nowhere, and what AWS refuses of one name spoils no other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ParameterBatch, ParameterTree, Problem } from "@airlock/contract";
import type { LocalAws } from "@airlock/local-aws";
import { startAux } from "./harness.ts";

const NOTHING = `version: 1
rules:
  - { id: other, callers: [somebody-else], verbs: [list, read], parameters: ["**"], decrypt: true }
`;
const policyOf = (...rules: string[]) =>
  `version: 1\nrules:\n${rules.map((rule, i) => `  - { id: r${i}, callers: ["*"], ${rule} }\n`).join("")}`;

async function get(url: string) {
  const response = await fetch(url, { headers: { "x-request-id": "same" } });
  const headers = Object.fromEntries(response.headers);
  delete headers.date;
  return { status: response.status, headers, text: await response.text() };
}

describe("a caller who may have nothing", () => {
  test("costs no call of AWS, however large the tree or the list", async (t) => {
    const prepare = (local: LocalAws) =>
      void local.parameters.put({ count: 2000, prefix: "/airlock/many" });
    for (const policy of [
      NOTHING,
      policyOf('verbs: [list, read], parameters: ["/app/**"]'),
      policyOf(
        'verbs: [list, read], parameters: ["/airlock/**"]',
        'effect: deny, verbs: [list, read], parameters: ["/airlock/**"]',
      ),
      policyOf(
        'verbs: [list, read], parameters: ["/airlock/*/x", /airlock/many/p-00001]',
        'effect: deny, verbs: [list, read], parameters: ["**"]',
      ),
    ]) {
      const { url, local } = await startAux(t, {}, prepare, { policy });
      local.calls.reset();
      for (const query of [
        "path=/airlock&recursive=true",
        "path=/airlock/many",
        "prefix=/airlock",
        "name=/airlock/many/p-00001",
      ]) {
        const { status, text } = await get(`${url}/parameters?${query}`);
        assert.equal(status, 200, text);
        assert.ok(!text.includes("value"), text);
      }
      assert.equal(local.calls.counts().total, 0, policy);
    }
  });

  test("sees the same of a tree, a list and a name that are there as of some that are not", async (t) => {
    const { url } = await startAux(t, {}, undefined, { policy: NOTHING });
    for (const [there, notThere] of [
      ["?path=/airlock/dev&recursive=true", "?path=/airlark/dev&recursive=true"],
      ["?path=/airlock/dev&limit=1", "?path=/airlark/dev&limit=1"],
      ["?prefix=/airlock", "?prefix=/airlark"],
      ["/airlock/dev/api/key", "/airlark/dev/api/key"],
    ] as const) {
      const one = await get(`${url}/parameters${there}`);
      const other = await get(`${url}/parameters${notThere}`);
      const text = other.text.replace("airlark", "airlock");
      const { etag: _, ...headers } = other.headers;
      const { etag: __, ...found } = one.headers;
      assert.deepEqual({ ...one, headers: found }, { status: other.status, headers, text });
    }
  });
});

describe("x-cache and age", () => {
  test("of an answer that shows nothing are missing, whoever has read it before", async (t) => {
    const policy = policyOf('verbs: [list, read], parameters: ["/airlock/*/*/none"]');
    const { url } = await startAux(t, {}, undefined, { policy });
    for (const query of ["path=/airlock&recursive=true", "prefix=/airlock", "name=my-parameter"]) {
      for (let i = 0; i < 2; i++) {
        const { headers, status } = await get(`${url}/parameters?${query}`);
        assert.deepEqual([status, headers["x-cache"], headers.age], [200, undefined, undefined]);
      }
    }
  });

  test("of an answer that shows something are there", async (t) => {
    const { url } = await startAux(t);
    for (const query of ["path=/airlock&recursive=true", "prefix=/airlock", "name=my-parameter"]) {
      const { headers } = await get(`${url}/parameters?${query}`);
      assert.deepEqual([headers["x-cache"], headers.age], ["miss", "0"], query);
    }
  });
});

describe("pages", () => {
  const put = (names: readonly string[]) => (local: LocalAws) =>
    void local.parameters.put({ parameters: names.map((name) => ({ name, value: "v" })) });
  const shown = ["/p/a", "/p/c", "/p/e"];
  const hidden = ["/p/b-hidden", "/p/d-hidden", "/p/f-hidden"];
  const policy = policyOf(
    'verbs: [list, read], parameters: ["/p/**"]',
    'effect: deny, verbs: [list, read], parameters: ["/p/*-hidden"]',
  );
  test("are as many, and lead on in the same way, as if what is denied were not there", async (t) => {
    const full = await startAux(t, {}, put([...shown, ...hidden]), { policy });
    const bare = await startAux(t, {}, put(shown), { policy });
    for (const query of ["path=/p", "path=/p&recursive=true", "prefix=/p/"]) {
      for (const limit of [1, 2, 3]) {
        let cursor = "";
        for (let pages = 1; ; pages++) {
          const path = `/parameters?${query}&limit=${limit}${cursor}`;
          const one = JSON.parse((await get(full.url + path)).text);
          const other = JSON.parse((await get(bare.url + path)).text);
          const withoutDates = (body: { parameters: { last_modified: string }[] }) => ({
            ...body,
            parameters: body.parameters.map(({ last_modified, ...rest }) => rest),
          });
          assert.deepEqual(withoutDates(one), withoutDates(other));
          if (one.next_cursor === null) {
            assert.equal(pages, Math.ceil(3 / limit));
            break;
          }
          const place = Buffer.from(one.next_cursor.slice(12), "base64url").toString();
          assert.deepEqual(JSON.parse(place), { after: one.parameters.at(-1).name });
          cursor = `&cursor=${one.next_cursor}`;
        }
      }
    }
  });
});

describe("of a large tree", () => {
  test("only the parts are asked for that a rule could allow something of", async (t) => {
    const policy = policyOf(
      'verbs: [read], parameters: ["/app/one/**", /app/two/x, "my-*", "/app/one/deep/*"]',
    );
    const prepare = (local: LocalAws) => {
      local.parameters.put({ count: 500, prefix: "/app/many" });
      const names = ["/app/one/a", "/app/one/deep/b", "/app/two/x", "/app/two/y"];
      local.parameters.put({ parameters: names.map((name) => ({ name, value: "v" })) });
    };
    const { url, local } = await startAux(t, {}, prepare, { policy });
    local.calls.reset();
    const { text } = await get(`${url}/parameters?path=/&recursive=true`);
    const tree = ParameterTree.parse(JSON.parse(text));
    assert.deepEqual(
      tree.parameters.map(({ name }) => name),
      ["/app/one/a", "/app/one/deep/b", "/app/two/x", "my-parameter"],
    );
    const asked = local.calls.list().map(({ resource }) => resource);
    assert.deepEqual(asked.sort(), ["/", "/app/one", "/app/two"]);
  });
});

describe("a SecureString that the caller may not have in the clear", () => {
  const policy = policyOf('verbs: [list, read], parameters: ["**"]');
  test("shows nothing of its key: no refusal of KMS tells that it is there", async (t) => {
    const { url, local } = await startAux(t, {}, undefined, { policy });
    local.faults.set([{ kind: "kmsDeny", names: "*" }]);
    const there = await get(`${url}/parameters/airlock/dev/api/key`);
    const notThere = await get(`${url}/parameters/airlock/dev/api/kez`);
    assert.equal(there.status, 404);
    assert.deepEqual(there, notThere);
    const batch = await get(`${url}/parameters?name=/airlock/dev/api/key&name=my-parameter`);
    const { missing, failed, parameters } = ParameterBatch.parse(JSON.parse(batch.text));
    assert.deepEqual([missing, failed, parameters.length], [["/airlock/dev/api/key"], [], 1]);
    const tree = await get(`${url}/parameters?path=/airlock/dev/api`);
    const found = ParameterTree.parse(JSON.parse(tree.text));
    assert.deepEqual([found.count, found.failed], [1, []]);
    assert.equal((await get(`${url}/parameters/airlock/dev/api/key?decrypt=false`)).status, 200);
  });
});

describe("of a batch of 100 names", () => {
  const names = Array.from({ length: 100 }, (_, i) => `/batch/p-${String(i).padStart(3, "0")}`);
  for (const [where, denied, refused] of [
    ["at the beginning", [0, 1, 2, 3, 4, 5, 6], [7, 8, 9]],
    ["at the end", [93, 94, 95, 96, 97, 98, 99], [90, 91, 92]],
    ["scattered", [3, 17, 31, 45, 59, 73, 87], [8, 48, 99]],
    ["far apart", [0, 15, 30, 45, 60, 75, 90], [1, 50, 98]],
  ] as const) {
    test(`of which policy denies seven and KMS refuses three ${where}: right lists, 40 calls at most`, async (t) => {
      const at = (places: readonly number[]) => places.map((i) => names[i] ?? assert.fail());
      const policy = policyOf(
        'verbs: [read], parameters: ["/batch/*"], decrypt: true',
        `effect: deny, verbs: [read], parameters: [${at(denied).join(", ")}]`,
      );
      const type = "SecureString" as const;
      const prepare = (local: LocalAws) =>
        void local.parameters.put({
          parameters: names.map((name) => ({ name, value: name, type })),
        });
      const { url, local } = await startAux(t, {}, prepare, { policy });
      local.faults.set(at(refused).map((one) => ({ kind: "kmsDeny", names: one })));
      local.calls.reset();
      const response = await fetch(`${url}/parameters/batch`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ names }),
      });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const body = ParameterBatch.parse(JSON.parse(text));
      const given = names.filter((_, i) => ![...denied, ...refused].some((place) => place === i));
      assert.deepEqual(
        body.parameters.map(({ name, value }) => [name, value]),
        given.map((name) => [name, name]),
      );
      assert.deepEqual([body.missing, body.denied], [at(denied), []]);
      assert.deepEqual(
        body.failed,
        at(refused).map((name) => ({ name, code: "access_denied" })),
      );
      const { total } = local.calls.counts();
      t.diagnostic(`${total} calls`);
      assert.ok(total <= 40, `${total} calls`);
    });
  }
});

describe("what AWS does not give", () => {
  test("of every name of a batch, or of all of a tree, has the status that it has alone", async (t) => {
    const { url, local } = await startAux(t);
    local.faults.set([{ kind: "kmsDeny", names: "*" }]);
    for (const path of [
      "?name=/airlock/dev/api/key",
      "?path=/airlock/dev/api",
      "/airlock/dev/api/key",
    ]) {
      const { status, text } = await get(`${url}/parameters${path}`);
      if (path.includes("path=")) {
        const { parameters, failed } = ParameterTree.parse(JSON.parse(text));
        assert.deepEqual([status, parameters.length], [200, 1]);
        assert.deepEqual(failed, [{ name: "/airlock/dev/api/key", code: "access_denied" }]);
      } else assert.equal(Problem.parse(JSON.parse(text)).code, "access_denied");
    }
    local.parameters.put({ parameters: [{ name: "/only/s", value: "s", type: "SecureString" }] });
    const only = await get(`${url}/parameters?path=/only`);
    assert.deepEqual(
      [only.status, Problem.parse(JSON.parse(only.text)).code],
      [403, "access_denied"],
    );
    local.faults.set([{ kind: "throttle", service: "ssm" }]);
    const throttled = await get(`${url}/parameters?name=/x/one&name=/x/two`);
    assert.deepEqual([throttled.status, throttled.headers["retry-after"]], [503, "1"]);
    const mixed = await get(`${url}/parameters?name=/x/one&name=/airlock/dev/log/level`);
    assert.equal(mixed.status, 503, "nothing was decided");
    local.faults.clear();
    await get(`${url}/parameters/airlock/dev/log/level`);
    local.faults.set([{ kind: "throttle", service: "ssm" }]);
    const partly = await get(`${url}/parameters?name=/y/one&name=/airlock/dev/log/level`);
    assert.equal(partly.status, 200);
    const { failed } = ParameterBatch.parse(JSON.parse(partly.text));
    assert.deepEqual(failed, [{ name: "/y/one", code: "aws_throttled" }]);
  });
});
