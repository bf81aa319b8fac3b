/** A cluster's own issuer, restarted and away, behind both doors as their settings make them: nobody is refused. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  callerSettings,
  createCallerVerifier,
  createLayerVerifier,
  layerVerifySettings,
  type TokenVerifier,
} from "@airlock/identity";
import * as z from "zod";
import { createAuthority } from "./certificates.ts";
import { GATEWAY, outcome, rig, until, withKid } from "./harness.ts";

const DOORS = ["LAYER_AUTH", "GATEWAY_JWT"] as const;
const WAYS = ["address", "discovery"] as const;

async function doorRig(t: TestContext, prefix: (typeof DOORS)[number], way: (typeof WAYS)[number]) {
  const authority = createAuthority();
  const { issuer, clock, log } = await rig(t, { tls: authority.issue(["localhost"]) });
  const folder = await mkdtemp(join(tmpdir(), "airlock-restarts-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "ca.crt"), authority.cert);
  const env = {
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_SUBJECTS: GATEWAY,
    GATEWAY_AUTH: "jwt",
    [`${prefix}_ISSUER`]: issuer.issuer,
    [`${prefix}_AUDIENCE`]: "aux",
    [`${prefix}_JWKS_TOKEN_FILE`]: issuer.readerTokenFile,
    [`${prefix}_JWKS_CA_FILE`]: join(folder, "ca.crt"),
    ...(way === "address" && { [`${prefix}_JWKS_URL`]: issuer.jwksUrl }),
  };
  const deps = { log, now: clock.now };
  const verifier: TokenVerifier | undefined =
    prefix === "LAYER_AUTH"
      ? createLayerVerifier(z.object(layerVerifySettings).parse(env), deps)
      : createCallerVerifier(z.object(callerSettings).parse(env), deps);
  assert.ok(verifier);
  t.after(() => verifier.close());
  await until("keys", 5000, verifier.isReady);
  let asked = 0;
  const refused: string[] = [];
  /** Tokens that were seen before, new ones, and one of a key that nobody knows, which makes the keys be read. */
  const load = async (known: readonly string[]) => {
    const fresh = await Promise.all(Array.from({ length: 5 }, () => issuer.mint()));
    const unknown = verifier.verify(withKid(fresh[0] ?? "", `unknown-${asked}`));
    const results = await Promise.all([...known, ...fresh].map((token) => verifier.verify(token)));
    asked += results.length;
    refused.push(...results.map(outcome).filter((result) => result !== "ok"));
    assert.equal(outcome(await unknown), "401 unknown_key");
  };
  return { issuer, clock, verifier, load, asked: () => asked, refused };
}

for (const door of DOORS) {
  for (const way of WAYS) {
    test(`${door} by ${way}: the issuer restarted ten times under load, its tokens renewed: 0 refused`, async (t) => {
      const { issuer, clock, load, asked, refused, verifier } = await doorRig(t, door, way);
      const known = [await issuer.mint(), await issuer.mint({ ttlSeconds: 86_400 })];
      for (let restart = 0; restart < 10; restart++) {
        await load(known);
        await issuer.pause();
        clock.passSeconds(35); // an unknown key makes the keys be read, and they cannot be
        await load(known);
        await issuer.resume();
        known[0] = await issuer.mint();
        clock.passSeconds(35);
        await load(known);
      }
      assert.equal(asked(), 210);
      assert.deepEqual(refused, []);
      assert.ok(verifier.keysAgeSeconds() < 600, `${verifier.keysAgeSeconds()} s`);
    });

    test(`${door} by ${way}: the issuer away for 10 minutes: 0 refused`, async (t) => {
      const { issuer, clock, load, asked, refused, verifier } = await doorRig(t, door, way);
      const known = [await issuer.mint()];
      await load(known);
      await issuer.pause();
      for (let second = 0; second < 600; second += 30) {
        clock.passSeconds(30);
        await load(known);
      }
      assert.equal(asked(), 126);
      assert.deepEqual(refused, []);
      assert.ok(verifier.isReady());
    });
  }
}
