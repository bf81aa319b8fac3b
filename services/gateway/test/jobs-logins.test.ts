/** How often one address may try to log in. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { json, startGateway, startUpstream } from "./harness.ts";

async function start(t: TestContext, env = {}) {
  const aux = await startUpstream(t, json({}));
  const jobs = await startUpstream(t, json({}));
  const gateway = await startGateway(t, aux.url, {
    JOBS_SERVICE_URL: jobs.url,
    TRUST_PROXY: "127.0.0.1",
    ...env,
  });
  const post = (path: string, address = "192.0.2.1") =>
    fetch(`${gateway.url}/v1/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address },
      body: "{}",
    });
  const statuses = async (count: number, path: string, address?: string) => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await post(path, address)).status);
    return found.join();
  };
  return { jobs, gateway, post, statuses };
}

const TEN = Array.from({ length: 10 }, () => 200).join();

test("ten logins a minute, and ten challenges, are taken from one address", async (t) => {
  const { jobs, gateway, post, statuses } = await start(t);
  assert.equal(await statuses(10, "challenge"), TEN);
  assert.equal(await statuses(10, "aws-login"), TEN);
  for (const path of ["challenge", "aws-login"]) {
    const refused = await post(path);
    assert.equal(refused.status, 429);
    const seconds = Number(refused.headers.get("retry-after"));
    assert.ok(seconds >= 1 && seconds <= 60, `${seconds}`);
    assert.equal(Problem.parse(await refused.json()).code, "rate_limited");
  }
  assert.equal(jobs.requests.length, 20);
  assert.equal((await post("aws-login", "192.0.2.2")).status, 200);
  const other = await fetch(`${gateway.url}/v1/keys`);
  assert.equal(other.status, 200, "what needs a key is not limited by this");
  await other.text();
});

test("addresses of one /64 are one", async (t) => {
  const { statuses } = await start(t, { LOGIN_RATE_PER_MINUTE: "2" });
  assert.equal(await statuses(2, "challenge", "2001:db8:1:2::1"), "200,200");
  assert.equal(await statuses(1, "challenge", "2001:db8:1:2:ffff::2"), "429");
  assert.equal(await statuses(1, "challenge", "2001:db8:1:3::1"), "200");
  assert.equal(await statuses(2, "challenge", "::ffff:192.0.2.9"), "200,200");
  assert.equal(await statuses(1, "challenge", "192.0.2.9"), "429");
});

test("nobody's word for an address is taken but a trusted proxy's", async (t) => {
  const env = { LOGIN_RATE_PER_MINUTE: "1", TRUST_PROXY: "198.51.100.0/24" };
  const { statuses } = await start(t, env);
  assert.equal(await statuses(1, "challenge", "192.0.2.1"), "200");
  assert.equal(await statuses(1, "challenge", "192.0.2.2"), "429");
});

test("0 is no limit", async (t) => {
  const { statuses } = await start(t, { LOGIN_RATE_PER_MINUTE: "0" });
  assert.equal(await statuses(20, "challenge"), `${TEN},${TEN}`);
});
