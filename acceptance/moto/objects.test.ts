/** On an S3 filled for these tests: what it tells beside the bytes of an object, its versions, and what the policy denies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, call, json } from "../client.ts";

const BUCKET = "/storage/airlock-data-dev";

interface Page {
  readonly objects: readonly { readonly key: string }[];
  readonly prefixes: readonly string[];
  readonly next_cursor: string | null;
}

const page = async (words: string) => (await json(`${BUCKET}?${words}`)) as unknown as Page;
const namesIn = ({ objects, prefixes }: Page) => [...objects.map(({ key }) => key), ...prefixes];

test("denied objects are in no list, however it is paged and rolled up", async () => {
  const whole = await page("");
  assert.ok(whole.objects.length > 3, JSON.stringify(whole));
  for (const words of [
    "",
    "delimiter=/",
    "prefix=denied/",
    "prefix=denied/&delimiter=/",
    "prefix=a.",
  ]) {
    const { text, status } = await call(`${BUCKET}?${words}`);
    assert.equal(status, 200, text);
    assert.doesNotMatch(text, /denied|\.key/, words);
  }
  const paged: string[] = [];
  for (let words: string | undefined = "limit=1"; words; ) {
    const one: Page = await page(words);
    assert.equal(namesIn(one).length, 1);
    paged.push(...namesIn(one));
    words = one.next_cursor ? `limit=1&cursor=${one.next_cursor}` : undefined;
  }
  assert.deepEqual(paged, namesIn(whole));
  const level = await page("delimiter=/");
  assert.deepEqual(level.prefixes, ["odd/", "reports/"]);
  const [first] = namesIn(await page("delimiter=/&limit=1"));
  assert.deepEqual(first, namesIn(level).toSorted()[0]);
});

test("a denied object and one that is not there are answered alike", async () => {
  for (const query of ["", "?version=null", "?version=none", "?versions=true"]) {
    const answers = [];
    for (const key of ["denied/a", "a.key", "reports/none"]) {
      const { status, text, headers } = await call(`${BUCKET}/${key}${query}`, "GET", {
        "x-request-id": "same",
        range: "bytes=0-1",
      });
      answers.push([status, text, Object.keys(headers), headers["content-length"]]);
      assert.equal((await call(`${BUCKET}/${key}${query}`, "HEAD")).status, 404);
    }
    assert.equal((answers[0] ?? [])[0], 404);
    assert.deepEqual(answers[0], answers[2], query);
    assert.deepEqual(answers[1], answers[2], query);
  }
});

test("metadata and Expires come with the object, aws-chunked does not", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { status, headers, text } = await call(`${BUCKET}/odd/headers`, method);
    assert.deepEqual([status, text], [200, method === "GET" ? "plain" : ""]);
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(headers["x-amz-meta-owner"], "somebody");
    assert.equal(Date.parse(String(headers.expires)), Date.parse("2030-01-01T00:00:00Z"));
  }
});

test("a storage class that is not the usual one comes with the object", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await call(`${BUCKET}/odd/headers`, method);
    assert.equal(headers["x-amz-storage-class"], "STANDARD_IA");
  }
});

test("an archived object is 409, and HEAD says why", async () => {
  assertProblem(await call(`${BUCKET}/odd/archived`), 409, "object_archived");
  const head = await call(`${BUCKET}/odd/archived`, "HEAD");
  assert.equal(head.headers["x-amz-storage-class"], "GLACIER");
});

test("every version is listed and read, and none of another key", async () => {
  const path = `${BUCKET}/odd/versions`;
  const { versions } = (await json(`${path}?versions=true`)) as unknown as Versions;
  assert.deepEqual(
    versions.map(({ latest, deleted }) => [latest, deleted]),
    [
      [true, false],
      [false, true],
      [false, false],
      [false, false],
    ],
  );
  const bodies: string[] = [];
  for (const { version, deleted } of versions) {
    const answer = await call(`${path}?version=${encodeURIComponent(version)}`);
    if (deleted) assertProblem(answer, 404, "object_not_found");
    else bodies.push(answer.text);
  }
  assert.deepEqual(bodies, ["third", "second", "first"]);
  assert.equal((await call(path)).text, "third");
});

interface Versions {
  readonly versions: readonly {
    readonly version: string;
    readonly latest: boolean;
    readonly deleted: boolean;
  }[];
}
