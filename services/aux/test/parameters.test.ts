/** Parameters at aux: one, lists, trees, batches, as text, and once they have changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Parameter, ParameterBatch, Parameters, ParameterTree, Problem } from "@airlock/contract";
import { startAux } from "./harness.ts";

const HOST = "/parameters/airlock/dev/database/host";

const asJson = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  const body: unknown = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return { response, body };
};

test("a value comes with its type, version and date, a StringList with its items", async (t) => {
  const { url } = await startAux(t);
  const { body } = await asJson(url + HOST);
  const { value, type, version } = Parameter.parse(body);
  assert.deepEqual([value, type, version], ["db.dev.example.com", "String", 1]);
  const list = await asJson(`${url}/parameters/airlock/dev/database/replicas`);
  const { values, value: joined } = Parameter.parse(list.body);
  assert.deepEqual(values, ["db-1", "db-2", "db-3"]);
  assert.equal(joined, "db-1,db-2,db-3");
});

test("an older version by its number; an unknown one is 404", async (t) => {
  const { url, local } = await startAux(t);
  local.parameters.put({ parameters: [{ name: "/v/a", value: "one" }] });
  local.parameters.put({ parameters: [{ name: "/v/a", value: "two" }] });
  const read = async (query: string) =>
    Parameter.parse((await asJson(`${url}/parameters/v/a${query}`)).body);
  assert.equal((await read("")).value, "two");
  const { value, version, name } = await read("?version=1");
  assert.deepEqual([value, version, name], ["one", 1, "/v/a"]);
  for (const query of ["?version=9", "?label=none"]) {
    const response = await fetch(`${url}/parameters/v/a${query}`);
    assert.equal(response.status, 404);
    assert.equal(Problem.parse(await response.json()).code, "parameter_not_found");
  }
});

test("decrypt=false leaves a SecureString encrypted, and does not mix with the decrypted one", async (t) => {
  const { url } = await startAux(t);
  const read = async (query: string) =>
    Parameter.parse((await asJson(`${url}/parameters/airlock/dev/api/key${query}`)).body).value;
  assert.equal(await read(""), "seed-api-key-not-a-secret");
  assert.notEqual(await read("?decrypt=false"), "seed-api-key-not-a-secret");
  assert.equal(await read("?decrypt=true"), "seed-api-key-not-a-secret");
});

test("text/plain is the value and not a byte more", async (t) => {
  const { url, local } = await startAux(t);
  for (const [index, value] of ["x", "a\n", "\n", " a\r\nb\n\n", "ключ"].entries()) {
    const name = `/text/p-${index}`;
    local.parameters.put({ parameters: [{ name, value }] });
    const response = await fetch(`${url}/parameters${name}`, { headers: { accept: "text/plain" } });
    assert.match(String(response.headers.get("content-type")), /^text\/plain; charset=utf-8/);
    assert.equal(response.headers.get("vary"), "accept");
    assert.equal(await response.text(), value);
  }
  for (const accept of ["text/plain; charset=utf-8", "TEXT/PLAIN;Charset=UTF-8", "text/*"]) {
    const response = await fetch(`${url}/parameters/text/p-0`, { headers: { accept } });
    assert.equal(await response.text(), "x", accept);
  }
  for (const accept of [
    "*/*",
    "application/json, text/plain;q=0.5",
    "application/json; charset=utf-8, text/plain;q=0.5",
    "image/png",
  ]) {
    const { response } = await asJson(url + HOST, { accept });
    assert.match(String(response.headers.get("content-type")), /^application\/json/);
  }
});

test("an ETag that still holds is 304, another one 200", async (t) => {
  const { url } = await startAux(t);
  for (const path of [HOST, "/parameters", "/parameters?path=/airlock", "/s3/buckets"]) {
    const first = await fetch(url + path);
    await first.arrayBuffer();
    const etag = String(first.headers.get("etag"));
    assert.match(etag, /^"[\w-]{20,}"$/);
    const ask = async (tag: string) => {
      const { status, headers } = await fetch(url + path, { headers: { "if-none-match": tag } });
      for (const name of ["etag", "cache-control", "vary"]) {
        assert.equal(headers.get(name), first.headers.get(name), `${path} ${tag} ${name}`);
      }
      return status;
    };
    for (const tag of [etag, `W/${etag}`, `"a", ${etag}`, "*"]) assert.equal(await ask(tag), 304);
    for (const tag of ['"a"', "", etag.slice(1)]) assert.equal(await ask(tag), 200);
  }
});

test("the cache tells where an answer is from", async (t) => {
  const { url, local } = await startAux(t);
  const states: (string | null)[] = [];
  for (const cacheControl of ["max-age=0", "", "no-cache"]) {
    const response = await fetch(url + HOST, { headers: { "cache-control": cacheControl } });
    await response.arrayBuffer();
    states.push(response.headers.get("x-cache"));
    assert.match(String(response.headers.get("age")), /^\d+$/);
  }
  assert.deepEqual(states.slice(0, 2), ["miss", "hit"]);
  assert.ok(["hit", "bypass"].includes(states[2] ?? ""));
  assert.ok(local.calls.counts().total > 0);
});

test("a list by prefix, by type, by pages", async (t) => {
  const { url } = await startAux(t);
  const list = async (query: string) =>
    Parameters.parse((await asJson(`${url}/parameters?${query}`)).body);
  const all = await list("");
  assert.equal(all.count, 13);
  assert.equal(all.next_cursor, undefined);
  const names = all.parameters.map(({ name }) => name);
  assert.deepEqual(names, names.toSorted());
  const under = await list("prefix=/airlock/dev/database/");
  assert.equal(under.count, 5);
  const secure = await list("type=SecureString");
  assert.ok(secure.parameters.every(({ type }) => type === "SecureString"));
  assert.equal(secure.count, 3);

  const paged: string[] = [];
  let cursor = "";
  do {
    const page = await list(`limit=5${cursor && `&cursor=${cursor}`}`);
    paged.push(...page.parameters.map(({ name }) => name));
    cursor = page.next_cursor ?? "";
  } while (cursor);
  assert.deepEqual(paged, names);
});

test("a tree with values, one level or all", async (t) => {
  const { url } = await startAux(t);
  const tree = async (query: string) =>
    ParameterTree.parse((await asJson(`${url}/parameters?${query}`)).body);
  const one = await tree("path=/airlock/dev/database");
  assert.deepEqual([one.count, one.recursive], [5, false]);
  assert.equal(one.parameters.find(({ name }) => name.endsWith("/port"))?.value, "5432");
  assert.equal((await tree("path=/airlock/dev")).count, 0);
  assert.equal((await tree("path=/airlock&recursive=true")).count, 12);
  const page = await tree("path=/airlock&recursive=true&limit=5");
  assert.equal(page.count, 5);
  assert.equal(typeof page.next_cursor, "string");
});

test("a batch, in the order of the request, by GET and by POST", async (t) => {
  const { url, local } = await startAux(t);
  const names = ["my-parameter", "none", "/airlock/dev/log/level", "none-too"];
  const before = local.calls.counts().total;
  const query = names.map((name) => `name=${encodeURIComponent(name)}`).join("&");
  const got = ParameterBatch.parse((await asJson(`${url}/parameters?${query}`)).body);
  assert.deepEqual(
    got.parameters.map(({ name }) => name),
    [names[0], names[2]],
  );
  assert.deepEqual(got.missing, ["none", "none-too"]);
  assert.deepEqual(got.denied, []);
  assert.equal(local.calls.counts().total - before, 1);
  const posted = await fetch(`${url}/parameters/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ names }),
  });
  assert.equal(posted.status, 200);
  assert.deepEqual(await posted.json(), got);
  // once more with names that no cache knows
  local.parameters.put({ parameters: [{ name: "/cold/a", value: "a" }] });
  const headers = { "content-type": "application/json" };
  const body = '{"names":["my-parameter"]}';
  const conditional = await fetch(`${url}/parameters/batch`, {
    method: "POST",
    headers: { ...headers, "if-none-match": "*" },
    body,
  });
  assert.equal(conditional.status, 200, await conditional.text());
  const words = await fetch(`${url}/parameters/batch?decrypt=false`, {
    method: "POST",
    headers,
    body,
  });
  assert.equal(words.status, 400, await words.text());
  const cold = await fetch(`${url}/parameters/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ names: ["/cold/a", "/cold/b"] }),
  });
  const { parameters, missing } = ParameterBatch.parse(await cold.json());
  assert.deepEqual([parameters[0]?.value, missing], ["a", ["/cold/b"]]);
});

test("what is denied stands in missing, or in denied where policy says 403", async (t) => {
  const rules = `rules:
  - { id: a, callers: ["*"], verbs: [read], parameters: ["/airlock/dev/log/*"] }
`;
  for (const [denied, where, status, code] of [
    [404, "missing", 404, "parameter_not_found"],
    [403, "denied", 403, "policy_denied"],
  ] as const) {
    const policy = `version: 1\ndenied: ${denied}\n${rules}`;
    const { url, lines } = await startAux(t, {}, undefined, { policy });
    const { body } = await asJson(
      `${url}/parameters?name=my-parameter&name=/airlock/dev/log/level`,
    );
    const batch = ParameterBatch.parse(body);
    assert.equal(batch.parameters.length, 1);
    assert.deepEqual(batch[where], ["my-parameter"]);
    const single = await fetch(`${url}/parameters/my-parameter`);
    assert.equal(single.status, status);
    assert.equal(Problem.parse(await single.json()).code, code);
    const audited = lines.filter(({ audit, name }) => audit === true && name === "my-parameter");
    assert.deepEqual(
      audited.map(({ decision, rule, verb }) => [decision, rule, verb]),
      [
        ["deny", "default", "read"],
        ["deny", "default", "read"],
      ],
    );
  }
});

test("wait answers once the value is another", async (t) => {
  const { url, local } = await startAux(t);
  const first = await fetch(url + HOST);
  await first.arrayBuffer();
  const headers = { "if-none-match": String(first.headers.get("etag")) };
  const waiting = fetch(`${url + HOST}?wait=30s`, { headers });
  const short = await fetch(`${url + HOST}?wait=1s`, { headers });
  assert.equal(short.status, 304);
  local.parameters.put({ parameters: [{ name: "/airlock/dev/database/host", value: "new" }] });
  const response = await waiting;
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as Parameter).value, "new");
});

test("wait without If-None-Match, or with an older ETag, does not wait", async (t) => {
  const { url } = await startAux(t);
  for (const headers of [{}, { "if-none-match": '"old"' }] as Record<string, string>[]) {
    const response = await fetch(`${url + HOST}?wait=60s`, { headers });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  }
});

test("unknown words and bad values are 400", async (t) => {
  const { url } = await startAux(t);
  for (const path of [
    `${HOST}?versoin=1`,
    `${HOST}?wait=forever`,
    "/parameters?prefix=/a&path=/b",
    "/parameters?cursor=abc",
    "/parameters?limit=0",
    "/s3/buckets?limit=x",
  ]) {
    const response = await fetch(url + path);
    assert.equal(response.status, 400, path);
    const { code, detail } = Problem.parse(await response.json());
    assert.match(code, /^(bad_request|invalid_cursor)$/);
    assert.ok(detail.length > 10);
  }
});
