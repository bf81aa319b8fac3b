/** The end of a log: the newest of it, whatever its lines are like. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogRead, READ_BYTES, readLogEnd } from "../src/cluster/log-end.ts";
import { lastLinesOf } from "../src/reconciler/last-words.ts";

const KIB = 1024;

/** As a server reads it: so many lines from the end, so many bytes from there. */
const logOf = (text: string) => {
  const asked: number[] = [];
  const read = async (tailLines: number): Promise<LogRead> => {
    asked.push(tailLines);
    const lines = text.split(/(?<=\n)/).slice(-tailLines);
    const bytes = Buffer.from(lines.join("")).subarray(0, READ_BYTES);
    return { end: bytes, sizeBytes: bytes.length };
  };
  return {
    asked,
    end: async (lastBytes: number, tail?: number) =>
      (await readLogEnd(read, lastBytes, tail)).toString(),
  };
};

for (const [name, text, expected, reads] of [
  ["a short one is whole", "one\ntwo\n", "one\ntwo\n", 1],
  [
    "one that is as long as asked is whole",
    `${"x".repeat(256 * KIB - 1)}\n`,
    `${"x".repeat(256 * KIB - 1)}\n`,
    1,
  ],
  [
    "of one long line the end is kept",
    `${"x".repeat(300_000)}\n`,
    `${"x".repeat(256 * KIB - 1)}\n`,
    1,
  ],
  [
    "of a long line behind others too",
    `Traceback\n${"x".repeat(300_000)}\n`,
    `${"x".repeat(256 * KIB - 1)}\n`,
    1,
  ],
  [
    "a line that is cut is left out",
    `${"a\n".repeat(5)}${`${"x".repeat(999)}\n`.repeat(300)}`,
    `${"x".repeat(999)}\n`.repeat(262),
    1,
  ],
  ["more lines are asked for where they are short", "1\n".repeat(60_000), "1\n".repeat(60_000), 2],
  [
    "fewer where they are long",
    `${`${"x".repeat(15_999)}\n`.repeat(600)}last\n`,
    `${`${"x".repeat(15_999)}\n`.repeat(16)}last\n`,
    2,
  ],
] as const) {
  test(`the end of a log: ${name}`, async () => {
    const log = logOf(text);
    const end = await log.end(256 * KIB);
    assert.equal(end.length, expected.length);
    assert.ok(end === expected);
    assert.equal(log.asked.length, reads);
  });
}

test("the end of a log: no more lines than are asked for", async () => {
  const log = logOf("1\n".repeat(20_000));
  assert.equal(await log.end(256 * KIB, 3), "1\n1\n1\n");
  assert.deepEqual(log.asked, [3]);
});

test("the last lines of a bar of progress are what was drawn last", () => {
  const bar = `start\n${Array.from({ length: 9 }, (_, n) => `\rstep ${n}`).join("")}\r\nend\n`;
  assert.equal(lastLinesOf(bar), "start\nstep 8\nend");
});
