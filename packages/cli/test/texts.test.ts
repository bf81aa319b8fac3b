/** Hours, times, widths, tables, logs: what is only text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hoursOf } from "../src/jobs/hours.ts";
import { reasonOf } from "../src/jobs/job-states.ts";
import { lastLines, newIn } from "../src/jobs/log-tail.ts";
import { shellLine } from "../src/jobs/shell-words.ts";
import { wantsColour } from "../src/output/colour.ts";
import { createOutput } from "../src/output/output.ts";
import { type Column, table } from "../src/output/table.ts";
import { cut, oneLine, widthOf } from "../src/output/text-width.ts";
import { duration, inLocalTime, localTime, relative } from "../src/output/times.ts";

test("hours are read as people write them", () => {
  const read = { "4": 4, "0.5": 0.5, "30m": 0.5, "90m": 1.5, "1h30m": 1.5, "2h": 2, "1.5h": 1.5 };
  for (const [text, hours] of Object.entries(read))
    assert.equal(hoursOf(text, "--hours"), hours, text);
  for (const text of ["", "h", "m", "4d", "-1", "0", "1m", "4 h 3", "1e3", "9999"]) {
    assert.throws(() => hoursOf(text, "--hours"), /--hours is a number/, text);
  }
});

test("durations have two units at most", () => {
  const said = {
    0: "0 s",
    59000: "59 s",
    60000: "1 min",
    3599000: "1 h",
    3600000: "1 h",
    12000000: "3 h 20 min",
    86400000: "1 d",
    100000000: "1 d 4 h",
  };
  for (const [ms, text] of Object.entries(said)) assert.equal(duration(Number(ms)), text);
  const now = Date.parse("2026-01-15T12:00:00Z");
  assert.equal(relative("2026-01-15T12:05:00Z", now), "in 5 min");
  assert.equal(relative("2026-01-15T11:55:00Z", now), "5 min ago");
  for (const none of [null, undefined, "", "soon"]) assert.equal(relative(none, now), "-");
});

test("text is as wide as a terminal shows it, and cut by what is seen", () => {
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("e\u0301"), 1);
  assert.equal(widthOf("\x1b[31mred\x1b[0m"), 3);
  assert.equal(cut("日本語", 5), "日本…");
  assert.equal(cut("abc", 3), "abc");
});

test("nothing of others' text colours, moves or hides anything", () => {
  assert.equal(oneLine("a\x1b[31mb\r\nc\u202ed\x07e"), "ab cd e");
});

test("a table fits: what matters least goes, then the widest text is cut; a pipe has all of it", () => {
  interface Row {
    readonly id: string;
    readonly note: string;
    readonly extra: string;
  }
  const columns: readonly Column<Row>[] = [
    { title: "ID", text: ({ id }) => id },
    { title: "NOTE", text: ({ note }) => note },
    { title: "EXTRA", text: ({ extra }) => extra, rank: 1 },
  ];
  const rows = [{ id: "one", note: "n".repeat(100), extra: "e".repeat(30) }];
  for (const width of [30, 40, 60, 80, 120]) {
    for (const line of table(columns, rows, width))
      assert.ok(widthOf(line) <= width, `${width}: ${line}`);
  }
  assert.doesNotMatch(table(columns, rows, 30).join("\n"), /EXTRA/);
  assert.match(table(columns, rows, 120).join("\n"), /EXTRA/);
  assert.match(table(columns, rows, undefined).join("\n"), /n{100} {2}e{30}/);
});

test("colours follow the terminal, NO_COLOR, CLICOLOR and TERM", () => {
  assert.equal(wantsColour({}, true), true);
  assert.equal(wantsColour({}, false), false);
  assert.equal(wantsColour({ NO_COLOR: "1" }, true), false);
  assert.equal(wantsColour({ NO_COLOR: "1", FORCE_COLOR: "1" }, true), false);
  assert.equal(wantsColour({ CLICOLOR: "0" }, true), false);
  assert.equal(wantsColour({ TERM: "dumb" }, true), false);
  assert.equal(wantsColour({ CLICOLOR_FORCE: "1" }, false), true);
  assert.equal(wantsColour({ FORCE_COLOR: "0" }, true), false);
});

test("of a log that grows, each line is new once, also when its beginning is dropped", () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`);
  let seen = "";
  let before = "";
  for (let end = 0; end <= lines.length; end += 7) {
    const kept = lines.slice(Math.max(0, end - 1000), end).join("");
    seen += newIn(before, kept);
    before = kept;
  }
  assert.equal(seen, lines.slice(0, 4998 - (4998 % 7)).join(""));
  assert.equal(lastLines("a\nb\nc", "2"), "b\nc");
  assert.equal(lastLines("a\nb\nc\n", "2"), "b\nc\n");
  assert.equal(lastLines("a\n", "0"), "");
});

test("times in sentences of the service are of this machine's zone, as all others are", () => {
  const local = localTime("2026-01-15T11:40:00Z")?.slice(0, 16);
  const told =
    "bob's job has 8 until 2026-01-15 11:40 UTC. Likely to start by 2026-01-15 11:40 UTC.";
  const said = `bob's job has 8 until ${local}. Likely to start by ${local}.`;
  assert.equal(inLocalTime(told), said);
  assert.equal(reasonOf({ current_detailed_status: told }), said);
  const other = "New drivers until 14:00 UTC, 2026-13-45 11:40 UTC.";
  assert.equal(inLocalTime(other), other);
});

test("a command of words is the same words to a shell", () => {
  assert.equal(shellLine(["echo", "it's", "$HOME", "a b"]), `echo 'it'\\''s' '$HOME' 'a b'`);
});

test("what is drawn again fits the screen, and takes the place of what was drawn", () => {
  let text = "";
  const stdout = {
    isTTY: true,
    columns: 40,
    rows: 6,
    write: (part: string | Uint8Array) => (text += part),
  };
  const output = createOutput({
    env: {},
    stdout,
    stderr: stdout,
    stdin: () => process.stdin,
    interrupted: new AbortController(),
  });
  output.redraw(["a", "b"]);
  output.redraw(Array.from({ length: 9 }, (_, index) => `line ${index}`));
  output.redraw(["end"]);
  const more = "line 0\nline 1\nline 2\nline 3\n… 5 more\n";
  assert.equal(text, `a\nb\n\x1b[2A\x1b[J${more}\x1b[5A\x1b[Jend\n`);
});
