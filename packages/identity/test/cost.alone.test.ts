/**
 * What a verified token costs each request. Figures are printed, not asserted: machines differ, and
 * the test runner makes every promise dearer than a service does.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import {
  CALLER_HEADER,
  createLayerGuard,
  createTokenVerifier,
  LAYER_HEADER,
} from "@airlock/identity";
import { rig } from "./harness.ts";

const ROUNDS = 20_000;

/** Nanoseconds of CPU for one call; not of the clock, for other tests run beside this one. */
async function cost(work: (i: number) => unknown): Promise<number> {
  for (let i = 0; i < ROUNDS / 4; i++) await work(i);
  const before = process.threadCpuUsage();
  for (let i = 0; i < ROUNDS; i++) await work(i);
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / ROUNDS;
}

test("the cost of a verified token is printed", async (t) => {
  const { issuer, log, clock } = await rig(t, { algorithm: "RS256" });
  // not the harness's verifier, which takes notes
  const plain = createTokenVerifier({
    issuer: issuer.issuer,
    jwks: { tokenFile: issuer.readerTokenFile },
    audience: "aux",
    log,
    now: clock.now,
  });
  t.after(() => plain.close());
  const tokens = await Promise.all(Array.from({ length: 64 }, () => issuer.mint()));
  const one = tokens[0] ?? "";
  // as Node's parser does it: a new string with every request
  const bytes = tokens.map((token) => Buffer.from(token, "latin1"));
  const fresh = (i: number) => (bytes[i % bytes.length] as Buffer).toString("latin1");
  t.diagnostic(`a token has ${one.length} characters`);
  const startedAt = performance.now();
  for (const token of tokens) assert.ok((await plain.verify(token)).ok);
  const firstUs = ((performance.now() - startedAt) * 1000) / tokens.length;
  t.diagnostic(`verifying a token for the first time: ${firstUs.toFixed(0)} µs`);

  const stringNs = await cost((i) => fresh(i).length);
  const print = async (name: string, work: (i: number) => unknown) =>
    t.diagnostic(`${name}: ${((await cost(work)) - stringNs).toFixed(0)} ns of CPU`);
  await print(
    "SHA-256 of a token, for comparison",
    (i) => hash("sha256", fresh(i), "base64url").length,
  );
  await print("verified again, one token in use", () => plain.verify(fresh(0)));
  await print("verified again, eight tokens in use", (i) => plain.verify(fresh(i % 8)));
  await print("verified again, 64 tokens in use", (i) => plain.verify(fresh(i)));
  const guard = createLayerGuard({ mode: "enforce", verifier: plain, log });
  const others = Array.from({ length: 12 }, (_, i) => [`x-other-${i}`, "value"]).flat();
  const rawHeaders = [...others, CALLER_HEADER, "alice@example.com", LAYER_HEADER, one];
  await print("the guard's whole check of 14 headers", () => {
    rawHeaders[rawHeaders.length - 1] = fresh(0);
    return guard.check(rawHeaders);
  });
});
