/** Conditions by RFC 9110 §13 and ranges by §14, whatever a server makes of them. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ObjectConditions } from "@airlock/aws";
import { ProblemError } from "@airlock/contract";
import { verdictOn } from "../src/objects/conditions.ts";
import { AS_CEPH, AS_S3, type FakeObject, type FakeS3, SERVERS, startFakeS3 } from "./fake-s3.ts";
import { PLAIN_FORM, type Rig, startRig, until } from "./harness.ts";
import { bytesOf } from "./s3-harness.ts";

const DATE = "Tue, 03 Feb 2026 10:20:30 GMT";
const EARLIER = "Tue, 03 Feb 2026 10:20:29 GMT";
const LATER = "Tue, 03 Feb 2026 10:20:31 GMT";
const OBJECT: FakeObject = {
  body: "0123456789",
  etag: '"e"',
  modified: DATE,
  cacheControl: "max-age=60, private",
};

/** Those of its 200 by which what is kept may be kept on. */
const OF_304 = { etag: '"e"', "last-modified": DATE, "cache-control": "max-age=60, private" };

/** What a condition says of the object, undefined where it is none at all. */
type Says = boolean | undefined;

const IF_MATCH: readonly (readonly [string | undefined, Says])[] = [
  [undefined, undefined],
  ['"e"', true],
  ['W/"e"', false],
  ['"x"', false],
  ["*", true],
  ['"x",, "a,b" , "e"', true],
  ["e", false],
];
/** True: the client has it. */
const IF_NONE_MATCH: readonly (readonly [string | undefined, Says])[] = [
  [undefined, undefined],
  ['"e"', true],
  ['W/"e"', true],
  ['w/"e"', false],
  ['"x"', false],
  [" * ", true],
  ['W/"x", "a,"e",", W/"e"', true],
  ['"x, "e"', false],
  ["e", false],
];
/** Whether the object is newer. */
const DATES: readonly (readonly [string | undefined, Says])[] = [
  [undefined, undefined],
  [DATE, false],
  ["Tuesday, 03-Feb-26 10:20:30 GMT", false],
  ["Tue Feb  3 10:20:30 2026", false],
  [EARLIER, true],
  [LATER, false],
  ["Tue, 03 Feb 2026 10:20:29 +0000", undefined],
  ["Tue, 31 Feb 2020 10:20:29 GMT", undefined],
  ["2026-02-03T10:20:29Z", undefined],
  ["Tue, 03 Feb 2026", undefined],
  [`${EARLIER}, ${EARLIER}`, undefined],
];

/** §13.2.2, of what each condition says by itself. */
function expected(ifMatch: Says, unmodified: Says, known: Says, modified: Says) {
  if (ifMatch === false || (ifMatch === undefined && unmodified === true)) return "failed";
  return known === true || (known === undefined && modified === false) ? "unchanged" : "send";
}

/** How many cases were judged, and those that were judged otherwise than the RFC has it. */
function judgedBy(verdict: typeof verdictOn) {
  const headers = { etag: OBJECT.etag, "last-modified": DATE };
  const wrong: ObjectConditions[] = [];
  let cases = 0;
  for (const [ifMatch, match] of IF_MATCH) {
    for (const [ifUnmodifiedSince, unmodified] of DATES) {
      for (const [ifNoneMatch, known] of IF_NONE_MATCH) {
        for (const [ifModifiedSince, modified] of DATES) {
          const asked = { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince };
          const wanted = expected(match, unmodified, known, modified);
          if (verdict(asked, headers) !== wanted) wrong.push(asked);
          cases++;
        }
      }
    }
  }
  return { cases, wrong };
}

test("every condition beside every other one is judged in the order of the RFC", () => {
  assert.deepEqual(judgedBy(verdictOn), { cases: 7 * 11 * 9 * 11, wrong: [] });
  // what servers get wrong is found
  for (const faulty of [
    ({ ifNoneMatch, ...more }: ObjectConditions) => ({
      ...more,
      ifNoneMatch: ifNoneMatch?.replaceAll("W/", "x"),
    }),
    ({ ifMatch, ...more }: ObjectConditions) => ({ ...more, ifMatch: ifMatch?.replace("W/", "") }),
    ({ ifMatch, ifUnmodifiedSince, ...more }: ObjectConditions) =>
      ifUnmodifiedSince === undefined ? { ifMatch, ...more } : { ifUnmodifiedSince, ...more },
    ({ ifNoneMatch, ...more }: ObjectConditions) =>
      more.ifModifiedSince ? more : { ifNoneMatch, ...more },
  ]) {
    const { wrong } = judgedBy((asked, headers) => verdictOn(faulty(asked), headers));
    assert.ok(wrong.length > 0, String(faulty));
  }
});

test("a weak tag of the object is matched weakly alone", () => {
  const headers = { etag: 'W/"e"', "last-modified": DATE };
  for (const [asked, verdict] of [
    [{ ifMatch: '"e"' }, "failed"],
    [{ ifMatch: 'W/"e"' }, "failed"],
    [{ ifMatch: "*" }, "send"],
    [{ ifNoneMatch: '"e"' }, "unchanged"],
    [{ ifNoneMatch: 'W/"e"' }, "unchanged"],
  ] as const) {
    assert.equal(verdictOn(asked, headers), verdict, JSON.stringify(asked));
  }
});

type Row = readonly [asked: ObjectConditions, status: number, more?: string];
const range = "bytes=2-4";
const PAST = "bytes=10-";

/** `more` is the body, or the Content-Range of a 416. */
const ROWS: readonly Row[] = [
  [{}, 200, "0123456789"],
  [{ range }, 206, "234"],
  [{ range: "bytes=-3" }, 206, "789"],
  [{ range: " Bytes= 8-99 ," }, 206, "89"],
  [{ range: "bytes=007-99999999999999999999999" }, 206, "789"],
  [{ range: "bytes=5-2" }, 200, "0123456789"],
  [{ range: "bytes=99999999999999999999999-99999999999999999999998" }, 200, "0123456789"],
  [{ range: "bytes=0-1,5-6" }, 200, "0123456789"],
  [{ range: "bytes=1-x" }, 200, "0123456789"],
  [{ range: "bytes=-" }, 200, "0123456789"],
  [{ range: PAST }, 416, "bytes */10"],
  [{ range: "bytes=99999999999999999999999-" }, 416, "bytes */10"],
  [{ range: "bytes=-0" }, 416, "bytes */10"],
  [{ ifNoneMatch: 'W/"e"' }, 304],
  [{ ifNoneMatch: '"x", W/"e"' }, 304],
  [{ ifNoneMatch: "*" }, 304],
  [{ ifNoneMatch: '"x"', ifModifiedSince: DATE }, 200, "0123456789"],
  [{ ifNoneMatch: '"e"', ifModifiedSince: EARLIER }, 304],
  [{ ifNoneMatch: "e", ifModifiedSince: DATE }, 200, "0123456789"],
  [{ ifModifiedSince: LATER }, 304],
  [{ ifModifiedSince: "yesterday" }, 200, "0123456789"],
  [{ ifMatch: '"e"', ifUnmodifiedSince: EARLIER }, 200, "0123456789"],
  [{ ifMatch: '"x", "e"' }, 200, "0123456789"],
  [{ ifMatch: 'W/"e"' }, 412],
  [{ ifMatch: '"x"', ifNoneMatch: '"e"' }, 412],
  [{ ifUnmodifiedSince: EARLIER, ifNoneMatch: '"e"' }, 412],
  [{ range, ifNoneMatch: 'W/"e"' }, 304],
  [{ range, ifMatch: '"e"' }, 206, "234"],
  [{ range, ifMatch: '"x"' }, 412],
  [{ range: PAST, ifNoneMatch: '"e"' }, 304],
  [{ range: PAST, ifMatch: '"x"' }, 412],
  [{ range: PAST, ifMatch: '"e"' }, 416, "bytes */10"],
  [{ range, ifRange: '"e"' }, 206, "234"],
  [{ range, ifRange: DATE }, 206, "234"],
  [{ range, ifRange: 'W/"e"' }, 200, "0123456789"],
  [{ range, ifRange: '"x"' }, 200, "0123456789"],
  [{ range, ifRange: LATER }, 200, "0123456789"],
  [{ range: PAST, ifRange: '"x"' }, 200, "0123456789"],
  [{ range: PAST, ifRange: '"e"' }, 416, "bytes */10"],
  [{ range: "bytes=5-2", ifRange: '"e"' }, 200, "0123456789"],
];

async function ask({ aws }: Rig, method: "GET" | "HEAD", asked: ObjectConditions) {
  try {
    const { status, headers, body } = await aws.objects.open(method, "bucket", "key", asked);
    return { status, headers, text: String(await bytesOf(body)) };
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    const { status, headers } = error;
    return { status, headers, text: headers["content-range"] ?? "" };
  }
}

suite("beside a server", async () => {
  const open = (t: Parameters<typeof startRig>[0]) =>
    startFakeS3(t, OBJECT).then(async (fake): Promise<readonly [Rig, FakeS3]> => {
      const rig = await startRig(t, { ...PLAIN_FORM, AWS_ENDPOINT_URL_S3: fake.url });
      await until(() => rig.aws.session.isValid());
      return [rig, fake];
    });

  test("every case is as the RFC has it, on each", async (t) => {
    const [rig, fake] = await open(t);
    for (const habits of SERVERS) {
      fake.habits = habits;
      for (const [asked, status, text = ""] of ROWS) {
        const hint = JSON.stringify([habits, asked]);
        const got = await ask(rig, "GET", asked);
        // a server may ignore ranges, and one that does knows none past the end; no server is asked for nothing
        const isAsked = asked.range !== "bytes=-0";
        const isWhole = habits.ignoresRange && (status === 206 || (status === 416 && isAsked));
        const wanted = isWhole ? [200, OBJECT.body] : [status, text];
        assert.deepEqual([got.status, got.text], wanted, hint);
        if (status === 304) assert.deepEqual(got.headers, OF_304, hint);
        if (habits !== AS_S3) continue;
        const head = await ask(rig, "HEAD", asked);
        assert.equal(head.status, status === 206 || status === 416 ? 200 : status, `HEAD ${hint}`);
        if (status === 304) assert.deepEqual(head.headers, OF_304, hint);
      }
    }
  });

  test("one call in the usual cases, two where the client has another object or a 416 says nothing", async (t) => {
    const [rig, fake] = await open(t);
    fake.habits = AS_CEPH;
    for (const [asked, calls] of [
      [{}, ["GET"]],
      [{ ifNoneMatch: '"e"' }, ["HEAD"]],
      [{ ifModifiedSince: DATE }, ["HEAD"]],
      [{ ifNoneMatch: '"x"', range }, ["HEAD", "GET bytes=2-4"]],
      [{ ifMatch: '"e"', range }, ["GET bytes=2-4"]],
      [{ ifMatch: '"x"' }, ["GET"]],
      [{ ifRange: '"e"', range }, ["GET bytes=2-4"]],
      [{ ifRange: DATE, range }, ["GET bytes=2-4"]],
      [{ ifRange: '"x"', range }, ["GET bytes=2-4", "GET"]],
      [{ ifRange: 'W/"e"', range }, ["GET"]],
      [{ range: PAST }, ["GET bytes=10-", "HEAD"]],
    ] as const) {
      fake.asked.length = 0;
      await ask(rig, "GET", asked);
      assert.deepEqual(fake.asked, calls, JSON.stringify(asked));
    }
    fake.habits = AS_S3;
    fake.asked.length = 0;
    await ask(rig, "GET", { range: PAST });
    assert.deepEqual(fake.asked, ["GET bytes=10-"]);
  });

  test("an object that changes between two calls is taken for what it is then", async (t) => {
    const [rig, fake] = await open(t);
    const other: FakeObject = { body: "abcdefghijklmnop", etag: '"x"', modified: LATER };
    for (const [asked, turn, from, to, status, text] of [
      // had the old one, another is there, and the old one again
      [{ ifNoneMatch: '"e"' }, "GET", other, OBJECT, 304, ""],
      [{ ifNoneMatch: '"x"' }, "GET", OBJECT, other, 304, ""],
      [{ ifMatch: '"e"', ifNoneMatch: '"x"' }, "GET", OBJECT, other, 412, ""],
      // what is sent whole is the new one, and never with the bytes of the old
      [{ range, ifRange: '"z"' }, "GET", OBJECT, other, 200, other.body],
      [
        { range, ifRange: '"e"', ifNoneMatch: '"q"' },
        "GET bytes=2-4",
        OBJECT,
        other,
        200,
        other.body,
      ],
      // refused of the one, and there in the other
      [{ range: PAST, ifRange: '"e"' }, "HEAD", OBJECT, other, 200, other.body],
      [{ range: PAST, ifRange: '"x"' }, "HEAD", OBJECT, other, 200, other.body],
      [{ range: PAST, ifMatch: '"e"' }, "HEAD", OBJECT, other, 412, ""],
    ] as const) {
      fake.object = from;
      fake.before = (line) => {
        if (line === turn) fake.object = to;
      };
      const got = await ask(rig, "GET", asked);
      assert.deepEqual([got.status, got.text], [status, text], JSON.stringify(asked));
    }
  });

  test("the last bytes of an empty object are all of it, and none begin in it", async (t) => {
    const [rig, fake] = await open(t);
    fake.object = { ...OBJECT, body: "" };
    for (const habits of SERVERS.filter((one) => !one.ignoresRange)) {
      fake.habits = habits;
      assert.equal((await ask(rig, "GET", { range: "bytes=-5" })).status, 200);
      const got = await ask(rig, "GET", { range: "bytes=0-" });
      assert.deepEqual([got.status, got.text], [416, "bytes */0"]);
    }
  });
});
