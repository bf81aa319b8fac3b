/** A release writes the same digest into every overlay, and a tag can prove that it did. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sameDigests, writeDigests } from "../src/set-digests.ts";
import { K8S } from "./faults.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

test("writes the digests, agrees with itself, and notices an overlay that is left behind", (t) => {
  const copy = mkdtempSync(join(tmpdir(), "digests-"));
  t.after(() => rmSync(copy, { recursive: true }));
  cpSync(K8S, copy, { recursive: true });
  writeDigests(copy, {
    gateway: digest("0"),
    aux: digest("0"),
    jobs: digest("0"),
    processor: digest("0"),
    devbox: digest("0"),
  });
  assert.throws(() => sameDigests(copy), /nothing has been released yet/);
  const released = {
    gateway: digest("a"),
    aux: digest("b"),
    jobs: digest("d"),
    processor: digest("e"),
    devbox: digest("f"),
  };
  writeDigests(copy, released);
  assert.deepEqual(sameDigests(copy), released);
  const path = join(copy, "overlays/prod/installation/installation.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace(digest("b"), digest("c")));
  assert.throws(() => sameDigests(copy), /aux: the overlays differ/);
});

test("refuses what is no digest", () => {
  assert.throws(() => writeDigests(K8S, { gateway: "latest" }), /latest is no digest/);
});
