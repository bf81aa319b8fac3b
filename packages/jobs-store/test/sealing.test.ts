/** What is sealed opens with its key, at its place, and nowhere else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createSealer, parseSealingKeys } from "../src/index.ts";

const line = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;
const place = { reservationId: "job-1", column: "env_vars" } as const;

test("a new key in front seals, and the old one behind it still opens", () => {
  const [old, fresh] = [line("old"), line("new")];
  const before = createSealer(parseSealingKeys(old));
  const after = createSealer(parseSealingKeys(`# newest first\n${fresh}\n\n${old}\n`));
  const sealed = before.seal(place, '{"A":"ä"}');
  assert.equal(after.open(place, sealed), '{"A":"ä"}');
  assert.equal(after.seal(place, "x").key_id, "new");
  assert.throws(() => before.open(place, after.seal(place, "x")), /key .* is not there/);
});

test("equal texts are sealed differently, and a changed one does not open", () => {
  const sealer = createSealer(parseSealingKeys(line("k")));
  const [one, two] = [sealer.seal(place, "same"), sealer.seal(place, "same")];
  assert.notEqual(one.ciphertext, two.ciphertext);
  assert.throws(() => sealer.open(place, { ...one, nonce: two.nonce }));
  assert.throws(() => sealer.open(place, { ...one, ciphertext: one.ciphertext.slice(0, 8) }));
  assert.throws(() => sealer.open({ ...place, reservationId: "job-2" }, one));
  assert.throws(() => sealer.open({ ...place, column: "jupyter_token" }, one));
});

for (const [name, text] of [
  ["no key", "\n# none\n"],
  ["three keys", [line("a"), line("b"), line("c")].join("\n")],
  ["an id twice", [line("a"), line("a")].join("\n")],
  ["a short key", `a:${randomBytes(16).toString("base64")}`],
  ["no id", randomBytes(32).toString("base64")],
] as const) {
  test(`a file with ${name} is refused, without its content`, () => {
    assert.throws(
      () => parseSealingKeys(text),
      (error: Error) => !/[A-Za-z0-9+/]{20}/.test(error.message),
    );
  });
}
