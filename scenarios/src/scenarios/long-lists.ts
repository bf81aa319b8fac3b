/** Lists of thousands, page by page: nothing missing, nothing twice. */
import { ask } from "../rig/ask.ts";
import { startPair } from "../rig/pair.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const SIZES = {
  test: { parameters: 600, objects: 2500, limit: 250 },
  soak: { parameters: 10_000, objects: 5000, limit: 500 },
} as const;
const BUCKET = "airlock-long-dev";
const MAX_PAGES = 1000;

type Page = Record<string, unknown> & { next_cursor?: string | null };

export const longLists: Scenario = {
  name: "long-lists",
  how: "10,000 parameters and 5,000 objects (600 and 2,500 in tests) listed by cursor through the pair, in pages of 500 (250) and of odd sizes; AWS gives empty pages with a token at times",
  async run(size: SizeName, stage: Stage) {
    const { parameters, objects, limit } = SIZES[size];
    // a list of 10,000 takes 200 calls
    const auxEnv = { SSM_CALLS_PER_SECOND: "40", SSM_DESCRIBE_CALLS_PER_SECOND: "40" };
    const pair = await startPair(stage, { parameters, auxEnv });
    const keys = Array.from({ length: objects }, (_, n) => `f-${n % 50}/g-${n % 7}/o-${n}`);
    await pair.aws.objects(BUCKET, keys);
    await pair.aws.faults({ kind: "emptyPage", rate: 0.1 });

    const list = (path: string, member: string, name: string) =>
      everyPage(pair.url, path, (page) =>
        (page[member] as Record<string, string>[]).map((item) => item[name] ?? ""),
      );
    const named = await list(`/config?prefix=/load/&limit=${limit}`, "parameters", "name");
    check(stage, "parameters", named, parameters);
    const few = await list("/config?prefix=/load/group-3/&limit=7", "parameters", "name");
    check(stage, "parameters of a prefix, by 7", few, Math.ceil((parameters - 3) / 7));
    const path = `/config?path=/load/group-3&limit=${limit}`;
    const tree = await list(path, "parameters", "name");
    check(stage, "parameters of a tree", tree, Math.ceil((parameters - 3) / 7));
    const whole = await ask(pair.url, "/config?prefix=/load/");
    const { count } = JSON.parse(whole.body) as { count: number };
    stage.check("parameters in one answer", "all", count === parameters, "1 request", `${count}`);

    const storage = `/storage/${BUCKET}`;
    const found = await list(`${storage}?limit=${limit}`, "objects", "key");
    check(stage, "objects", found, objects);
    const some = await list(`${storage}?prefix=f-7/&limit=13`, "objects", "key");
    check(stage, "objects of a prefix, by 13", some, objects / 50);
    const folders = await everyPage(pair.url, `${storage}?delimiter=/&limit=7`, (page) => [
      ...(page.prefixes as string[]),
    ]);
    check(stage, "prefixes, by 7", folders, 50);
    await tamper(stage, pair.url);
  },
};

async function everyPage(
  url: string,
  path: string,
  itemsOf: (page: Page) => string[],
): Promise<string[]> {
  const items: string[] = [];
  let cursor: string | null | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const { status, body } = await ask(url, cursor ? `${path}&cursor=${cursor}` : path);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    const page = JSON.parse(body) as Page;
    items.push(...itemsOf(page));
    cursor = page.next_cursor;
    if (!cursor) return items;
  }
  throw new Error(`${path}: more than ${MAX_PAGES} pages`);
}

function check(stage: Stage, what: string, items: readonly string[], expected: number): void {
  const distinct = new Set(items).size;
  const isSorted = items.every((item, n) => n === 0 || (items[n - 1] ?? "") < item);
  const isRight = items.length === expected && distinct === expected && isSorted;
  const result = `${items.length}, ${distinct} distinct, ${isSorted ? "in order" : "out of order"}`;
  stage.check(`lists: ${what}`, `${expected}, each once, in order`, isRight, "1 list", result);
}

async function tamper(stage: Stage, url: string): Promise<void> {
  let refused = 0;
  let tries = 0;
  for (const path of ["/config?prefix=/load/&limit=10", `/storage/${BUCKET}?limit=10`]) {
    const { body } = await ask(url, path);
    const cursor = String((JSON.parse(body) as Page).next_cursor);
    const middle = cursor.length >> 1;
    const other = cursor[middle] === "x" ? "y" : "x";
    for (const bad of [
      `${cursor.slice(0, middle)}${other}${cursor.slice(middle + 1)}`,
      `${cursor}A`,
      cursor.slice(1),
      "x",
    ]) {
      tries++;
      const answer = await ask(url, `${path}&cursor=${bad}`);
      if (answer.status === 400 && answer.body.includes('"invalid_cursor"')) refused++;
    }
  }
  const count = `${tries} requests`;
  stage.check("lists: tampered cursors", "400", refused === tries, count, `${refused} × 400`);
}
