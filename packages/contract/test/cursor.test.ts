/** Cursors come back as they went, or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError, readCursor, readPlace, writeCursor, writePlace } from "@airlock/contract";
import * as z from "zod";

const State = z.strictObject({ after: z.string() });
const isInvalid = (error: unknown) =>
  error instanceof ProblemError && error.code === "invalid_cursor";

test("a cursor gives back its state, and is safe in a URL", () => {
  for (const after of ["/a/b", "ключ", "a+b%20", "\u0000", "x".repeat(1024)]) {
    const cursor = writeCursor("list", { after });
    assert.match(cursor, /^[A-Za-z0-9_-]+$/);
    assert.deepEqual(readCursor("list", cursor, State), { after });
  }
});

test("a cursor of another list is refused", () => {
  const cursor = writeCursor("parameters String", { after: "/a" });
  assert.throws(() => readCursor("parameters", cursor, State), isInvalid);
});

test("a cursor with any one character changed is refused", () => {
  const cursor = writeCursor("list", { after: "/a/b" });
  for (let i = 0; i < cursor.length; i++) {
    const other = cursor[i] === "A" ? "B" : "A";
    const tampered = cursor.slice(0, i) + other + cursor.slice(i + 1);
    assert.throws(() => readCursor("list", tampered, State), isInvalid, tampered);
  }
});

test("a state of another shape is refused though its check is right", () => {
  for (const state of [{}, { after: 1 }, { after: "a", more: true }, "a", null]) {
    assert.throws(() => readCursor("list", writeCursor("list", state), State), isInvalid);
  }
});

test("a place holds the last item that was shown and its check, and nothing else", () => {
  const cursor = writePlace("list", "/a/b");
  const body = Buffer.from(cursor.slice(12), "base64url").toString();
  assert.deepEqual(JSON.parse(body), { after: "/a/b" });
  assert.equal(readPlace("list", cursor), "/a/b");
  assert.throws(() => readPlace("other", cursor), isInvalid);
  for (const state of [{ token: "t" }, { after: "a", token: "t" }]) {
    assert.throws(() => readPlace("list", writeCursor("list", state)), isInvalid);
  }
});

test("rubbish is refused", () => {
  for (const cursor of ["", "x", "=".repeat(20), "a".repeat(4096), "\u0000"]) {
    assert.throws(() => readCursor("list", cursor, State), isInvalid);
  }
});
