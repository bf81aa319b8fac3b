/** Which texts are references of images: the grammar of distribution/reference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isImageReference } from "@airlock/contract";

const HEX = "0123456789abcdef".repeat(4);

for (const text of [
  "img",
  "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
  "localhost:5000/a/b/c",
  "169.254.169.254/x",
  "[2001:db8::1]:5000/a:tag",
  "111122223333.dkr.ecr.eu-west-1.amazonaws.com/box:v1.2.3_x",
  "Registry.Example.com/a__b/c-d---e/f.g_h",
  `a@sha256:${HEX}`,
  `registry.example.com/a:tag@sha512:${HEX}${HEX}`,
  `a:${"t".repeat(128)}`,
  "a".repeat(255),
]) {
  test(`${text.slice(0, 60)} is one`, () => assert.equal(isImageReference(text), true));
}

for (const text of [
  "",
  " img",
  "img\n",
  "a:::@@@///",
  "http://169.254.169.254/x",
  "https://registry.example.com/a",
  "--privileged",
  "-v",
  "/a",
  "a/",
  "a//b",
  "a:",
  "a@",
  ":tag",
  "a:-tag",
  "a:tag:tag",
  "PyTorch",
  "a/B",
  "a..b",
  "a___b",
  "a_",
  "_a",
  "a.-b",
  "a@sha256:abc",
  `a@sha256:${HEX.toUpperCase()}`,
  `a@md5:${HEX}`,
  `a@sha256:${HEX}0`,
  `a:tag@sha256:${HEX}@sha256:${HEX}`,
  HEX,
  "a b",
  "a\0b",
  "a\u00e9",
  "user:password@registry.example.com/a",
  "registry.example.com:port/a",
  "-registry.example.com/a",
  "a".repeat(256),
  `a:${"t".repeat(129)}`,
]) {
  test(`${JSON.stringify(text).slice(0, 60)} is none`, () => {
    assert.equal(isImageReference(text), false);
  });
}

test("a long text that almost is one is refused at once", () => {
  for (const piece of ["a-", "a.", "a_", "a/", "A.", "[:"]) {
    const startedAt = performance.now();
    assert.equal(isImageReference(`${piece.repeat(299)}!`), false);
    assert.ok(performance.now() - startedAt < 250, piece);
  }
});
