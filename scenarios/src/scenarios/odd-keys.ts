/** Keys that path rules, URL libraries and XML like to change. */
import { ask } from "../rig/ask.ts";
import { startPair } from "../rig/pair.ts";
import { type Random, seededRandom } from "../rig/random.ts";
import type { Scenario } from "../scenario.ts";

const KEYS = { test: 150, soak: 500 } as const;
/** A bucket whose name is also a word of a route. */
const BUCKET = "buckets";
export const ODD_KEYS: readonly string[] = [
  "a+b",
  "a b",
  "a%2Fb",
  "100%",
  "%",
  "%%25",
  "/",
  "//",
  "/leading",
  "trailing/",
  "a//b",
  "a///b",
  "..",
  ".",
  "../..",
  "../../s3/buckets",
  "a/../b",
  "a/./b",
  "./a",
  "a/..",
  "?",
  "a?b=c",
  "#",
  "a#b",
  "a&b=c",
  "a;b",
  ":",
  "a:b@c",
  "http://example.com/x",
  "\\",
  "a\\..\\b",
  "é",
  "e\u0301",
  "ключ",
  "鍵",
  "🗝️",
  "\u00a0",
  "\u200b",
  "\u202e",
  "\t",
  "\n",
  "\r\n",
  "\u0001",
  "\u007f",
  '"',
  "'",
  "<xml/>&amp;",
  "]]>",
  "__proto__",
  "constructor",
  "buckets",
  "objects?bucket=x&key=y",
  "k".repeat(1024),
  "é".repeat(512),
];
const PARTS = [
  "a",
  "Z",
  "0",
  "-",
  "_",
  "~",
  "+",
  "%",
  " ",
  "/",
  "/",
  ".",
  ".",
  "é",
  "🗝",
  "&",
  "=",
  "?",
  "#",
];

export const oddKeys: Scenario = {
  name: "odd-keys",
  how: `${KEYS.soak} keys (${KEYS.test} in tests) with plus, percent, dots, slashes, control characters and all kinds of letters, put into the stand-in directly, in a bucket named "${BUCKET}"; each read, and all listed, through the pair`,
  async run(size, stage) {
    const random = seededRandom(7);
    const keys = new Set<string>(ODD_KEYS);
    while (keys.size < KEYS[size]) keys.add(randomKey(random));
    const pair = await startPair(stage, { parameters: 0 });
    await pair.aws.objects(BUCKET, [...keys]);
    let right = 0;
    for (const key of keys) {
      const { status, body } = await ask(pair.url, `/storage/${BUCKET}/${pathOf(key)}`);
      if (status === 200 && body === key) right++;
      else stage.progress(`${JSON.stringify(key)}: ${status} ${body.slice(0, 200)}`);
    }
    const count = `${keys.size} keys`;
    stage.check("odd keys: read byte for byte", "all", right === keys.size, count, String(right));
    const listed = new Set<string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const more = cursor && `&cursor=${cursor}`;
      const { body } = await ask(pair.url, `/storage/${BUCKET}?limit=100${more}`);
      const page = JSON.parse(body) as { objects: { key: string }[]; next_cursor: string | null };
      for (const { key } of page.objects) listed.add(key);
      cursor = page.next_cursor;
    }
    const same = [...keys].filter((key) => listed.has(key)).length;
    const isSame = same === keys.size && listed.size === keys.size;
    stage.check(
      "odd keys: listed",
      "all, and no other",
      isSame,
      count,
      `${same} of ${listed.size}`,
    );
  },
};

/** As a careful client writes it: everything but slashes escaped, and dots where a path has a meaning for them. */
export function pathOf(key: string): string {
  return key
    .split("/")
    .map((part) =>
      part === "." || part === ".." ? part.replaceAll(".", "%2e") : encodeURIComponent(part),
    )
    .join("/");
}

function randomKey(random: Random): string {
  const length = 1 + random.below(40);
  return Array.from({ length }, () => random.pick(PARTS)).join("");
}
