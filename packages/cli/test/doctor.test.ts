/** `gpu-dev doctor`: each thing that may be wrong is found, and what cannot be known is no fault. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { CliError } from "../src/cli-error.ts";
import { gpuDev, LOGGED_IN, nobody, realTransport, temporaryHome } from "./harness.ts";

interface Serving {
  /** How far the service's clock is from this one. */
  readonly skewMs?: number;
  readonly refusal?: readonly [number, object];
}

async function service(t: TestContext, { skewMs = 0, refusal }: Serving = {}): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader("date", new Date(Date.now() + skewMs).toUTCString());
    const { key_prefix, expires_at } = LOGGED_IN;
    const keys = [{ key_prefix, expires_at, current: true }];
    const bodies: Record<string, object> = {
      "/health": { status: "healthy" },
      "/v1/keys": { keys, total: 1 },
      "/v1/auth/challenge": { challenge: "c".repeat(43) },
      "/v1/auth/aws-login": {
        ...LOGGED_IN,
        expires_at: new Date(Date.now() + 7_200_000).toISOString(),
      },
    };
    if (refusal && request.url === "/v1/auth/aws-login") {
      response.statusCode = refusal[0];
      return response.end(JSON.stringify(refusal[1]));
    }
    return response.end(
      JSON.stringify(bodies[request.url ?? ""] ?? { jobs: [], next_cursor: null }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function examine(t: TestContext, url: string, more: { noKeys?: true } = {}) {
  const home = await temporaryHome(t);
  const findAwsKeys = async () => {
    throw new CliError(4, "There are no AWS credentials in this shell.");
  };
  const { code, json } = await gpuDev(["doctor", "--json"], {
    home,
    env: { GPU_DEV_API_URL: url, PATH: "" },
    transport: realTransport(url || "http://localhost"),
    ...(more.noKeys && { findAwsKeys }),
  });
  const states = Object.fromEntries(
    json.findings.map(({ of, state }: { of: string; state: string }) => [of, state]),
  );
  return { code, states, says: JSON.stringify(json) };
}

test("all is well but for ssh, which this test leaves out", async (t) => {
  const { code, states, says } = await examine(t, await service(t));
  assert.deepEqual(states, {
    address: "ok",
    encryption: "ok",
    files: "ok",
    service: "ok",
    clock: "ok",
    credentials: "ok",
    role: "ok",
    key: "ok",
    ssh: "fault",
    "ssh config": "not checked",
    tunnel: "not checked",
  });
  assert.equal(code, 1);
  assert.doesNotMatch(says, /gpud_\w{9}/);
});

test("no address, nobody there", async (t) => {
  assert.deepEqual((await examine(t, "")).states, { address: "fault" });
  const down = await examine(t, await nobody());
  assert.deepEqual(down.states, { address: "ok", encryption: "ok", files: "ok", service: "fault" });
  assert.equal(down.code, 1);
});

test("a clock that is ten minutes off is a fault, one that is two minutes off is told", async (t) => {
  const far = await examine(t, await service(t, { skewMs: -600_000 }));
  assert.equal(far.states.clock, "fault");
  assert.match(far.says, /10 min ahead of the service's/);
  const near = await examine(t, await service(t, { skewMs: 120_000 }));
  assert.equal(near.states.clock, "ok");
  assert.match(near.says, /2 min behind the service's/);
});

test("no credentials, a role that is not let in", async (t) => {
  const none = await examine(t, await service(t), { noKeys: true });
  assert.equal(none.states.credentials, "fault");
  assert.equal(none.states.role, "fault");
  assert.equal(none.states.key, "not checked");
  const detail = "Access denied. Required role: R, got: other";
  const wrong = await service(t, { refusal: [403, { detail, code: "wrong_principal" }] });
  const refused = await examine(t, wrong);
  assert.equal(refused.states.credentials, "ok");
  assert.equal(refused.states.role, "fault");
  assert.match(refused.says, /Required role: R, got: other/);
});
