/** Black-box tests of reading parameters: pages, trees, batches, text, ETags, versions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, call, json, listParameters } from "./client.ts";
import { type Given, testGiven } from "./given.ts";

interface Value {
  readonly name: string;
  readonly value: string;
  readonly version: number;
  readonly type: string;
}

const SAMPLE = 12;

/** The names of all pages; each page's query goes on from the one before. */
async function everyName(path: string): Promise<string[]> {
  const names: string[] = [];
  let cursor: unknown = "";
  do {
    const more = cursor ? `&cursor=${cursor}` : "";
    const page = await json(path + more);
    names.push(...(page.parameters as Value[]).map(({ name }) => name));
    cursor = page.next_cursor;
  } while (cursor);
  return names;
}

const readable = async () =>
  (await listParameters()).filter(({ name }) => /^\/?[\w.-]+(\/[\w.-]+)*$/.test(name));

const parameter: Given<{ readonly name: string; readonly type: string }> = {
  without: "the account has no parameter",
  find: async () => (await readable())[0],
};
const deepParameter: Given<{ readonly name: string }> = {
  without: "the account has no parameter three levels deep",
  find: async () => (await readable()).find(({ name }) => /^(\/[\w.-]+){3,}$/.test(name)),
};

test("the pages of the list are the list", async () => {
  const whole = (await listParameters()).map(({ name }) => name);
  const paged = await everyName(`/config?limit=${Math.max(7, Math.ceil(whole.length / 5))}`);
  assert.deepEqual(paged, whole);
});

await testGiven("a list by prefix and type holds nothing else", parameter, async (first) => {
  const prefix = first.name.slice(0, 5);
  const { parameters } = await json(`/config?prefix=${prefix}&type=${first.type}`);
  const found = parameters as Value[];
  assert.ok(found.some(({ name }) => name === first.name));
  assert.ok(found.every(({ name, type }) => name.startsWith(prefix) && type === first.type));
});

await testGiven("a tree holds the values below its path", deepParameter, async (deep) => {
  const parent = deep.name.slice(0, deep.name.lastIndexOf("/"));
  const tree = await json(`/config?path=${parent}`);
  assert.deepEqual([tree.path, tree.recursive], [parent, false]);
  const found = (tree.parameters as Value[]).find(({ name }) => name === deep.name);
  const single = (await json(`/config/${deep.name}`)) as unknown as Value;
  assert.deepEqual(found, single);
  const paged = await everyName(`/config?path=${parent}&limit=50`);
  assert.deepEqual(
    paged,
    (tree.parameters as Value[]).map(({ name }) => name),
  );
});

await testGiven(
  "a batch answers in the order of its names, by GET and by POST",
  parameter,
  async () => {
    const names = (await readable()).slice(0, SAMPLE).map(({ name }) => name);
    const missing = `/airlock-acceptance/none-${Date.now()}`;
    const asked = [...names.toReversed(), missing];
    const type = { "content-type": "application/json" };
    const posted = await call("/config/batch", "POST", type, JSON.stringify({ names: asked }));
    assert.equal(posted.status, 200, posted.text);
    const body = await json(`/config?${asked.map((name) => `name=${name}`).join("&")}`);
    assert.deepEqual(
      (body.parameters as Value[]).map(({ name }) => name),
      names.toReversed(),
    );
    assert.deepEqual([...(body.missing as string[]), ...(body.denied as string[])], [missing]);
    assert.deepEqual(JSON.parse(posted.text), body);
  },
);

test("a batch that is too long for a URL is 414 with a hint, and fits into a body", async () => {
  const names = Array.from({ length: 100 }, (_, n) => `/airlock-acceptance/${"n".repeat(90)}/${n}`);
  const reply = await call(`/config?${names.map((name) => `name=${name}`).join("&")}`);
  assertProblem(reply, 414, "uri_too_long");
  assert.match(reply.text, /POST \/config\/batch/);
});

await testGiven("text/plain is the value and nothing else", parameter, async (first) => {
  const { value } = await json(`/config/${first.name}`);
  const reply = await call(`/config/${first.name}`, "GET", { accept: "text/plain" });
  assert.match(String(reply.headers["content-type"]), /^text\/plain/);
  assert.equal(reply.text, value);
});

await testGiven("an ETag that still holds is 304, also after a wait", parameter, async (first) => {
  const { headers } = await call(`/config/${first.name}`);
  const etag = String(headers.etag);
  assert.match(etag, /^"[^"]+"$/);
  for (const query of ["", "?wait=1s"]) {
    const path = `/config/${first.name}${query}`;
    const reply = await call(path, "GET", { "if-none-match": etag });
    assert.deepEqual([reply.status, reply.text, reply.headers.etag], [304, "", etag]);
  }
});

await testGiven(
  "a version by its number; one that is not there is 404",
  parameter,
  async (first) => {
    const newest = await json(`/config/${first.name}`);
    assert.deepEqual(await json(`/config/${first.name}?version=${newest.version}`), newest);
    const later = await call(`/config/${first.name}?version=${Number(newest.version) + 1000}`);
    assertProblem(later, 404, "parameter_not_found");
  },
);

for (const path of [
  "/config?perfix=/a",
  "/config?limit=0",
  "/config?limit=1001",
  "/config?path=/a&prefix=/b",
  "/config?type=Secret",
  "/config/x?version=0",
  "/config/x?version=1&label=a",
  "/config/x?wait=forever",
  "/storage?limit=many",
]) {
  test(`${path} is 400`, async () => assertProblem(await call(path), 400, "bad_request"));
}

test("a cursor of nobody is 400", async () => {
  assertProblem(await call("/config?limit=3&cursor=abc"), 400, "invalid_cursor");
  assertProblem(await call("/storage?limit=3&cursor=abc"), 400, "invalid_cursor");
});
