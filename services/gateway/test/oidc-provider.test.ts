/** The outer door with an issuer that is none of ours: an OpenID provider, by discovery and client credentials. */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Provider } from "oidc-provider";
import { get, json, startGateway, startUpstream, until } from "./harness.ts";

const ALGORITHMS = ["RS256", "ES256"] as const;
type Algorithm = (typeof ALGORITHMS)[number];
const AUDIENCE = "https://airlock.example.com";
const SECRET = "a-secret-of-the-test";
const TOKEN_SECONDS = 300;
const CLIENTS = ["reports", "billing"];

/** A private key as the provider's configuration takes it. */
function newKey(algorithm: Algorithm): object {
  const { privateKey } =
    algorithm === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), alg: algorithm, use: "sig", kid: randomUUID() };
}

/** Tokens that are JWTs need no place at the provider. */
const keepNothing = () => ({ upsert: async () => {}, find: async () => undefined });

async function startProvider(t: TestContext) {
  let answer: RequestListener = () => {};
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let algorithm: Algorithm = "RS256";
  const clients = CLIENTS.map((id) => ({
    client_id: id,
    client_secret: SECRET,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  }));
  const resourceIndicators = {
    enabled: true,
    getResourceServerInfo: (_: unknown, resource: string) => ({
      audience: resource,
      scope: "",
      accessTokenFormat: "jwt" as const,
      accessTokenTTL: TOKEN_SECONDS,
      jwt: { sign: { alg: algorithm } },
    }),
  };
  /** The first key of an algorithm signs; all are shown. */
  const useKeys = (keys: readonly object[]) => {
    const features = {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators,
    };
    const provider = new Provider(issuer, {
      clients,
      jwks: { keys },
      features,
      ttl: { ClientCredentials: TOKEN_SECONDS },
      adapter: keepNothing,
    });
    answer = provider.callback();
  };
  const token = async (client: string, signedBy: Algorithm, resource = AUDIENCE) => {
    algorithm = signedBy;
    const answer = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${client}:${SECRET}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", resource }),
    });
    const body = (await answer.json()) as { access_token?: string };
    assert.ok(body.access_token, JSON.stringify(body));
    return body.access_token;
  };
  return { issuer, useKeys, token };
}

async function startDoor(t: TestContext) {
  const provider = await startProvider(t);
  const keys = ALGORITHMS.map(newKey);
  provider.useKeys(keys);
  const upstream = await startUpstream(t, json({ ok: true }));
  const gateway = await startGateway(t, upstream.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: provider.issuer,
    GATEWAY_JWT_AUDIENCE: AUDIENCE,
    GATEWAY_JWT_CALLER_CLAIM: "client_id",
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const ask = async (token: string) =>
    (await get(gateway.url, "/config/a", { authorization: `Bearer ${token}` })).status;
  return { ...provider, keys, gateway, ask };
}

for (const algorithm of ALGORITHMS) {
  test(`a client's ${algorithm} access token is let in, and its client is the caller`, async (t) => {
    const { gateway, token, ask } = await startDoor(t);
    for (const client of CLIENTS) assert.equal(await ask(await token(client, algorithm)), 200);
    const callers = gateway.lines
      .filter(({ msg, route }) => msg === "request" && route === "/config/*")
      .map(({ caller }) => caller);
    assert.deepEqual(callers, CLIENTS);
  });

  test(`a ${algorithm} token for another resource, or changed on the way, is 401`, async (t) => {
    const { token, ask } = await startDoor(t);
    const other = await token("reports", algorithm, "https://other.example.com");
    assert.equal(await ask(other), 401);
    const [header = "", payload = "", signature = ""] = (await token("reports", algorithm)).split(
      ".",
    );
    const turned = signature.replace(/^./, (first) => (first === "A" ? "B" : "A"));
    assert.equal(await ask(`${header}.${payload}.${turned}`), 401);
  });

  test(`${algorithm} keys rotate under load: 0 refused, and a key that was never shown is 401`, async (t) => {
    const { useKeys, token, ask, keys, issuer } = await startDoor(t);
    const statuses: number[] = [];
    const load = async (tokens: readonly string[]) => {
      statuses.push(...(await Promise.all([...tokens, ...tokens].map(ask))));
    };
    const old = await Promise.all([1, 2, 3].map(() => token("reports", algorithm)));
    await load(old);
    useKeys([newKey(algorithm), ...keys]);
    const next = await Promise.all([1, 2, 3].map(() => token("billing", algorithm)));
    assert.notEqual(kidOf(next[0]), kidOf(old[0]));
    await load([...old, ...next]);
    assert.deepEqual(statuses, Array(18).fill(200));

    useKeys(ALGORITHMS.map(newKey));
    const stranger = await token("billing", algorithm);
    useKeys(keys);
    assert.equal(await ask(stranger), 401, issuer);
  });
}

const kidOf = (token = "") =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;
