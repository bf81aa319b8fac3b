/** Limits count people: whatever way an address is written, and however many one has. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { sendRaw } from "../../../packages/http/test/raw-client.ts";
import { get, json, startGateway, startUpstream, tally } from "./harness.ts";

const PROXY = { TRUST_PROXY: "127.0.0.0/8" };

async function start(t: TestContext, env: Record<string, string> = {}) {
  const aux = await startUpstream(t, json({ ok: true }));
  const jobs = await startUpstream(t, json({ ok: true }));
  const gateway = await startGateway(t, aux.url, { JOBS_SERVICE_URL: jobs.url, ...PROXY, ...env });
  const ask = async (address: string, path = "/config/a") =>
    (await get(gateway.url, path, { "x-forwarded-for": address })).status;
  const login = async (address: string) => {
    const headers = { "x-forwarded-for": address, "content-type": "application/json" };
    const url = `${gateway.url}/v1/auth/aws-login`;
    return (await fetch(url, { method: "POST", headers, body: "{}" })).status;
  };
  return { aux, jobs, gateway, ask, login };
}

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  "ports of a proxy that writes them": Array.from({ length: 20 }, (_, n) => `9.9.9.9:${4000 + n}`),
  "an IPv4 address as IPv6 writes it": [
    "9.9.9.9",
    "::ffff:9.9.9.9",
    "::FFFF:909:909",
    "[::ffff:909:909]:1",
  ],
  "addresses of one /64": Array.from({ length: 50 }, (_, n) => `2001:db8:1:2:${n}::${n}`),
  "addresses of one /64, in brackets with ports": Array.from(
    { length: 20 },
    (_, n) => `[2001:db8:1:2::${n}]:${n + 1}`,
  ),
  "zones of one link": ["fe80::1%eth0", "fe80::2%eth1", "fe80::3"],
  "what hides behind a proxy": ["unknown", "_hidden", "example.com", "999.9.9.9", ""],
};

for (const [name, addresses] of Object.entries(SPELLINGS)) {
  test(`one client, 5 a minute: ${name}`, async (t) => {
    const { aux, ask } = await start(t, { RATE_LIMIT_PER_MINUTE: "5" });
    const statuses: number[] = [];
    for (let n = 0; n < 50; n++) statuses.push(await ask(addresses[n % addresses.length] ?? ""));
    assert.deepEqual(tally(statuses), { 200: 5, 429: 45 });
    assert.equal(aux.requests.length, 5);
    assert.equal(await ask("192.0.2.7"), 200, "and nobody else");
  });

  test(`one client, 3 logins a minute: ${name}`, async (t) => {
    const { jobs, login } = await start(t, { LOGIN_RATE_PER_MINUTE: "3" });
    const statuses: number[] = [];
    for (let n = 0; n < 20; n++) statuses.push(await login(addresses[n % addresses.length] ?? ""));
    assert.deepEqual(tally(statuses), { 200: 3, 429: 17 });
    assert.equal(jobs.requests.length, 3);
    assert.equal(await login("192.0.2.7"), 200, "and nobody else");
  });
}

test("the log names the client by its address, without the port that a proxy wrote", async (t) => {
  const { gateway, ask } = await start(t);
  for (const [written, peer] of [
    ["9.9.9.9:4711", "9.9.9.9"],
    ["::ffff:8.8.8.8", "8.8.8.8"],
    ["[2001:DB8:1:2::1]:443", "2001:db8:1:2::1"],
    ["unknown", "127.0.0.1"],
  ] as const) {
    await ask(written);
    const line = gateway.lines.findLast(({ msg }) => msg === "request");
    assert.equal(line?.peer, peer, written);
  }
});

test("of X-Forwarded-For in two headers the last is the proxy's word", async (t) => {
  const { gateway } = await start(t);
  const head = "GET /config/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  const bytes = `${head}X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\n\r\n`;
  await sendRaw(gateway.port, bytes);
  assert.equal(gateway.lines.findLast(({ msg }) => msg === "request")?.peer, "8.8.8.8");
});
