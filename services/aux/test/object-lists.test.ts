/** Lists of objects under a policy: what they hold, what they cost, and where they end. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { loadSettings } from "@airlock/config";
import { ObjectList, Problem, writePlace } from "@airlock/contract";
import { createLogger } from "@airlock/http";
import { buildApp } from "../src/app.ts";
import { before, behindAll, compareKeys } from "../src/objects/key-order.ts";
import { createAudit } from "../src/policy/audit.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { settingsSchema } from "../src/settings.ts";
import { memoryObjects } from "./memory-objects.ts";

const BUCKET = "data-dev";
type Rules = readonly (readonly [effect: "allow" | "deny", glob: string])[];

async function start(t: TestContext, rules: Rules, keys: readonly string[], more: More = {}) {
  const { sizes = [10], denied = 404, listLimitMs, delayMs = 0 } = more;
  const settings = loadSettings(settingsSchema, { ENVIRONMENT: "dev", LOG_LEVEL: "error" });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
  const memory = memoryObjects(sizes);
  memory.fill(new Map([[BUCKET, keys]]));
  const { aws } = memory;
  const { list } = aws.objects;
  const objects: typeof aws.objects = {
    ...aws.objects,
    async list(bucket, query, options) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      options?.signal?.throwIfAborted();
      return list(bucket, query, options);
    },
  };
  const policy = parsePolicy(
    JSON.stringify({
      version: 1,
      denied,
      rules: rules.map(([effect, glob], n) => ({
        id: `r${n}`,
        effect,
        callers: ["*"],
        verbs: ["list", "read"],
        objects: [`${BUCKET}/${glob}`],
      })),
    }),
  );
  const app = await buildApp(settings, {
    aws: delayMs > 0 ? { ...aws, objects } : aws,
    policy: () => policy,
    audit: createAudit(logger),
    logger,
    ...(listLimitMs !== undefined && { listLimitMs }),
  });
  t.after(() => app.close());
  const get = (query: string, bucket = BUCKET) => app.inject(`/s3/buckets/${bucket}?${query}`);
  return {
    get,
    memory,
    lines,
    async list(query: string) {
      const { body, statusCode } = await get(query);
      assert.equal(statusCode, 200, body);
      return ObjectList.parse(JSON.parse(body));
    },
  };
}

interface More {
  readonly sizes?: readonly number[];
  readonly denied?: 403 | 404;
  readonly listLimitMs?: number;
  readonly delayMs?: number;
}

const names = ({ objects, prefixes }: ObjectList) => [
  ...objects.map(({ key }) => key),
  ...prefixes,
];

test("a slash is the only delimiter", async (t) => {
  const { get } = await start(t, [["allow", "**"]], ["a.key", "private.key"]);
  for (const delimiter of [".key", "y", "//", "%2F%2F", "", "%00"]) {
    const answer = await get(`delimiter=${delimiter}`);
    assert.equal(answer.statusCode, 400, answer.body);
    assert.equal(Problem.parse(JSON.parse(answer.body)).code, "bad_request");
  }
  assert.equal((await get("delimiter=/")).statusCode, 200);
});

test("a prefix is shown where an object below it is, and not where all are denied", async (t) => {
  const keys = ["a/public/x", "b/secret/x", "c/secret/x", "c/x/public/y", "public/x", "secret"];
  const { list } = await start(t, [["allow", "**/public/*"]], keys);
  assert.deepEqual(names(await list("delimiter=/")), ["a/", "c/", "public/"]);
  assert.deepEqual(names(await list("delimiter=/&prefix=c/")), ["c/x/"]);
  assert.deepEqual(names(await list("delimiter=/&prefix=b/")), []);
});

test("neither a short page, a cursor nor the number of pages tells of denied keys", async (t) => {
  const denied = Array.from({ length: 40 }, (_, n) => `m${n}`);
  const rules: Rules = [
    ["allow", "**"],
    ["deny", "m*"],
  ];
  const walk = async (keys: readonly string[], sizes: readonly number[]) => {
    const { list } = await start(t, rules, keys, { sizes });
    const pages: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: ObjectList = await list(`limit=1${cursor && `&cursor=${cursor}`}`);
      pages.push([names(page), page.next_cursor]);
      cursor = page.next_cursor;
    }
    return pages;
  };
  const shown = ["a", "b", "z"];
  const bare = await walk(shown, [1]);
  assert.deepEqual(
    bare.map((page) => (page as unknown[])[0]),
    [["a"], ["b"], ["z"]],
  );
  for (const sizes of [[1], [3, 0, 1], [1000]]) {
    assert.deepEqual(await walk([...shown, ...denied, "m", "mz"], sizes), bare);
  }
  // nothing follows but what is denied: the page is the last one
  assert.deepEqual(await walk(["a", ...denied], [2]), [[["a"], null]]);
});

test("a cursor holds the last shown name and its check; one that is made up is 400 or of no use", async (t) => {
  const { list, get } = await start(t, [["allow", "s*"]], ["s1", "s2", "s3", "t1", "a1"]);
  const { next_cursor: cursor } = await list("limit=1");
  const body = JSON.parse(Buffer.from(cursor?.slice(12) ?? "", "base64url").toString());
  assert.deepEqual(body, { after: "s1" });
  const flipped = `${cursor?.slice(0, -2)}${cursor?.at(-2) === "A" ? "B" : "A"}${cursor?.at(-1)}`;
  for (const bad of [flipped, cursor?.slice(1), `${cursor}A`, "x"]) {
    const answer = await get(`limit=1&cursor=${bad}`);
    assert.equal(JSON.parse(answer.body).code, "invalid_cursor", answer.body);
  }
  for (const query of ["limit=1&prefix=s", "limit=1&delimiter=/"]) {
    assert.equal((await get(`${query}&cursor=${cursor}`)).statusCode, 400);
  }
  const madeUp = (after: string) => writePlace(`objects ${JSON.stringify([BUCKET, ""])}`, after);
  const listOf = `objects ${JSON.stringify([BUCKET, "", undefined])}`;
  const place = (after: string) => writePlace(listOf, after);
  assert.notEqual(place("s1"), madeUp("s1"));
  for (const [after, wanted] of [
    ["a1", ["s1", "s2", "s3"]],
    ["s2", ["s3"]],
    ["s2\u{10ffff}", ["s3"]],
    ["zzz", []],
  ] as const) {
    assert.deepEqual(names(await list(`cursor=${place(after)}`)), wanted, after);
  }
  for (const odd of ["", "\ud800", "k".repeat(1025)]) {
    const answer = await get(`cursor=${place(odd)}`);
    assert.equal(JSON.parse(answer.body).code, "invalid_cursor", answer.body);
  }
});

test("denied where nothing in the bucket may be seen; empty where nothing below the prefix may", async (t) => {
  const rules: Rules = [
    ["allow", "reports/**"],
    ["deny", "reports/old/**"],
  ];
  for (const [denied, status, code] of [
    [404, 200, undefined],
    [403, 403, "policy_denied"],
  ] as const) {
    const rig = await start(t, rules, ["reports/a", "reports/old/b", "secret/c"], { denied });
    for (const prefix of ["secret/", "s", "reports/old/", "reports/old/b"]) {
      const answer = await rig.get(`prefix=${prefix}`);
      assert.equal(answer.statusCode, status, answer.body);
      assert.equal(JSON.parse(answer.body).code, code);
    }
    const elsewhere = await rig.get("", "other-dev");
    const wanted = denied === 404 ? "bucket_not_found" : "policy_denied";
    assert.equal(JSON.parse(elsewhere.body).code, wanted);
    assert.equal(rig.memory.pages, 0, "AWS was not asked");
    const lines = rig.lines.filter(({ audit }) => audit === true);
    assert.deepEqual([...new Set(lines.map(({ decision }) => decision))], ["deny"]);
  }
});

/** 200 folders of 20 objects each. */
const MANY = Array.from({ length: 4000 }, (_, n) => `f${100 + (n % 200)}/o${Math.floor(n / 200)}`);

for (const [what, rules, query, found, pages] of [
  ["all is allowed", [["allow", "**"]], "limit=1000", 1000, 10],
  ["all is allowed, by folder", [["allow", "**"]], "delimiter=/", 200, 2],
  ["one folder is", [["allow", "f150/**"]], "", 20, 1],
  ["one folder is, by folder", [["allow", "f150/**"]], "delimiter=/", 1, 1],
  [
    "two folders far apart are",
    [
      ["allow", "f101/**"],
      ["allow", "f298/*"],
    ],
    "",
    40,
    2,
  ],
  ["one object is", [["allow", "f150/o7"]], "", 1, 1],
  ["nothing that is there is", [["allow", "g/**"]], "", 0, 1],
  ["names in every folder are", [["allow", "*/o7"]], "", 200, 40],
  [
    "a folder is denied",
    [
      ["allow", "**"],
      ["deny", "f150/**"],
    ],
    "limit=1000",
    1000,
    11,
  ],
  [
    "folders are denied but one",
    [
      ["allow", "f1*/**"],
      ["deny", "f10*/**"],
    ],
    "limit=10",
    10,
    3,
  ],
] as const) {
  test(`what a list costs where ${what}: ${pages} pages of 100`, async (t) => {
    const { list, memory } = await start(t, rules, MANY, { sizes: [100] });
    assert.equal(names(await list(query)).length, found);
    assert.equal(memory.pages, pages);
  });
}

test("a folder of denied objects is passed over, however many there are", async (t) => {
  const keys = [...Array.from({ length: 3000 }, (_, n) => `dark/${1000 + n}`), "a", "z"];
  const rules: Rules = [
    ["allow", "**"],
    ["deny", "dark/**"],
  ];
  const { list, memory } = await start(t, rules, keys, { sizes: [100] });
  assert.deepEqual(names(await list("")), ["a", "z"]);
  assert.equal(memory.pages, 2);
});

test("a list that is not done in its time is 503 list_unfinished, and asks for nothing more", async (t) => {
  const keys = Array.from({ length: 500 }, (_, n) => `x${1000 + n}.key`);
  const more = { sizes: [1], listLimitMs: 120, delayMs: 10 };
  const { get, memory } = await start(t, [["allow", "*.csv"]], keys, more);
  const answer = await get("");
  assert.equal(answer.statusCode, 503, answer.body);
  assert.equal(JSON.parse(answer.body).code, "list_unfinished");
  assert.match(String(answer.headers["retry-after"]), /^\d+$/);
  const { pages } = memory;
  assert.ok(pages > 1 && pages < 60, String(pages));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(memory.pages, pages);
});

test("what was looked into ahead ends with the answer", async (t) => {
  const dark = Array.from({ length: 300 }, (_, n) => `b/${1000 + n}.key`);
  const keys = ["a/1.csv", ...dark, "c/1.csv", "d/1.csv"];
  const { list, memory } = await start(t, [["allow", "*/*.csv"]], keys, {
    sizes: [4, 1],
    delayMs: 2,
  });
  await list("delimiter=/&limit=1");
  const { pages } = memory;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(memory.pages <= pages + 1, `${memory.pages} after ${pages}`);
});

test("keys are in S3's order, and places stand before and behind them", () => {
  const keys = ["", "\0", "a", "a\0", "a/", "a/b", "a0", "é", "\ud7ff", "\ue000", "\uffff", "🦆"];
  for (const a of keys) {
    for (const b of keys) {
      const wanted = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.equal(Math.sign(compareKeys(a, b)), wanted, JSON.stringify([a, b]));
    }
    if (a === "") continue;
    assert.ok(compareKeys(before(a), a) < 0, a);
    assert.ok(compareKeys(behindAll(a), `${a}/zzz`) > 0, a);
    for (const b of keys) if (compareKeys(b, a) < 0) assert.ok(compareKeys(b, before(a)) <= 0, b);
  }
  for (const length of [1020, 1021, 1022, 1023, 1024]) {
    const prefix = "k".repeat(length);
    assert.ok(Buffer.byteLength(behindAll(prefix)) <= 1024);
    assert.ok(compareKeys(behindAll(prefix), `${prefix}z`.slice(0, 1024)) >= 0);
  }
  assert.ok(before("\ue000").isWellFormed());
});
