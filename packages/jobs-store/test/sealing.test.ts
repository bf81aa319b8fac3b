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

test("a key is exchanged in two steps: at each, every process opens what any other one seals", () => {
  const [old, next] = [line("old"), line("next")];
  const files = [[old], [old, next], [next, old], [next]].map((lines) => lines.join("\n"));
  const sealers = files.map((text) => createSealer(parseSealingKeys(text)));
  for (const [step, sealer] of sealers.entries()) {
    const sealed = sealer.seal(place, "kept");
    // while one step is rolled out, processes before it and after it serve side by side
    for (const other of sealers.slice(Math.max(0, step - 1), step + 2)) {
      // the last step is for when nothing is left that the old key sealed
      if (other === sealers[3] && sealed.key_id === "old") continue;
      assert.equal(other.open(place, sealed), "kept");
    }
  }
  const three = createSealer(parseSealingKeys([next, old, line("older")].join("\n")));
  assert.equal(three.seal(place, "x").key_id, "next");
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
  ["four keys", [line("a"), line("b"), line("c"), line("d")].join("\n")],
  ["an id twice", [line("a"), line("b"), line("b")].join("\n")],
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

test("a fingerprint tells sameness, under the key that it was made with, and is no plain hash", () => {
  const [old, fresh] = [line("old.1"), line("new")];
  const before = createSealer(parseSealingKeys(old));
  const between = createSealer(parseSealingKeys(`${fresh}\n${old}`));
  const later = createSealer(parseSealingKeys(fresh));
  const made = before.fingerprint("on");
  assert.match(made, /^old\.1:[0-9a-f]{64}$/);
  assert.equal(between.hasFingerprint("on", made), true);
  assert.equal(between.hasFingerprint("off", made), false);
  assert.equal(later.hasFingerprint("on", made), undefined, "nobody knows any more");
  assert.match(between.fingerprint("on"), /^new:/);
  assert.notEqual(later.fingerprint("on").slice(4), made.slice(6), "keyed");
});
