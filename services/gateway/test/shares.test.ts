/** Waits and streams: one client has its share of them, and never what is everybody's. */
import assert from "node:assert/strict";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { createLocalIssuer } from "@airlock/local-issuer";
import { get, json, type Script, startGateway, startUpstream, until } from "./harness.ts";

const KNOWN = { "if-none-match": '"1"' };
const from = (address: string) => ({ "x-forwarded-for": address });
const isWait = ({ url = "" }: IncomingMessage) => url.includes("wait=");
const isObject = ({ url = "" }: IncomingMessage) => url.startsWith("/s3/objects");

/** Waits and large objects do not end; everything else is answered. */
const held: Script = (incoming, response) => {
  if (isWait(incoming)) return;
  if (!isObject(incoming) || incoming.url?.endsWith("small")) return json({})(incoming, response);
  response.writeHead(200, { "content-length": String(1_048_576) }).write("first");
};

async function start(t: TestContext, script: Script = held, env: Record<string, string> = {}) {
  const upstream = await startUpstream(t, script);
  const gateway = await startGateway(t, upstream.url, { TRUST_PROXY: "127.0.0.0/8", ...env });
  const open: ClientRequest[] = [];
  // whoever is refused leaves its connection to the next
  const agent = new Agent({ keepAlive: true, maxSockets: 400 });
  t.after(() => {
    for (const one of open) one.destroy();
    agent.destroy();
  });
  /** Sends requests that are not waited for, and counts the statuses that come back. */
  const send = (count: number, path: string, headersOf: (n: number) => Record<string, string>) => {
    const seen = { begun: 0, refused: [] as string[] };
    for (let n = 0; n < count; n++) {
      const outgoing = request({ port: gateway.port, path, headers: headersOf(n), agent });
      outgoing.on("error", () => {});
      outgoing.on("response", (incoming) => {
        if (incoming.statusCode === 200) return void seen.begun++;
        let body = "";
        incoming.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        incoming.on("end", () => seen.refused.push(Problem.parse(JSON.parse(body)).code));
      });
      open.push(outgoing.end());
    }
    return seen;
  };
  const waiting = () => gateway.metric("airlock_http_requests_waiting");
  return { upstream, gateway, send, open, waiting };
}

test("2,000 waits of one address: 100 are held, by one call, and others wait and download", async (t) => {
  const { upstream, gateway, send, waiting } = await start(t, held, { LOG_LEVEL: "silent" });
  const attack = send(2000, "/config/a?wait=60s", () => ({ ...KNOWN, ...from("192.0.2.1") }));
  await until(() => attack.refused.length === 1900);
  assert.deepEqual(new Set(attack.refused), new Set(["too_many_at_once"]));
  await until(() => upstream.requests.length > 0);
  assert.deepEqual([await waiting(), upstream.requests.length], [100, 1]);

  const victim = send(1, "/config/b?wait=60s", () => ({ ...KNOWN, ...from("192.0.2.2") }));
  await until(() => upstream.requests.length === 2);
  const download = send(1, "/storage/my-bucket/large", () => from("192.0.2.2"));
  await until(() => download.begun === 1);
  assert.deepEqual([victim.refused, await waiting()], [[], 102]);
  const read = await get(gateway.url, "/config/a", from("192.0.2.1"));
  assert.equal(read.status, 200, "and whoever waits too much may still read");
});

test("512 waits of one client that differ in If-None-Match alone leave the lane to others", async (t) => {
  const { upstream, send } = await start(t);
  const attack = send(512, "/config/a?wait=60s", (n) => ({
    "if-none-match": `"1", "x${n}"`,
    ...from("192.0.2.1"),
  }));
  await until(() => attack.refused.length === 412);
  await until(() => upstream.requests.length === 100);
  const victims = send(20, "/config/a?wait=60s", (n) => ({
    ...KNOWN,
    ...from(`192.0.2.${n + 2}`),
  }));
  await until(() => upstream.requests.length === 101);
  assert.deepEqual(victims.refused, []);
});

const SPELLINGS = [
  { "if-none-match": '"a", "b"' },
  { "if-none-match": '"b","a"' },
  { "if-none-match": 'W/"a", W/"b"' },
  { "if-none-match": '  "b" ,\t W/"a"  ' },
  { "if-none-match": '"a", "b", "a", W/"b"' },
  { "if-none-match": '"a", nonsense, "b", *' },
  { "if-none-match": '"a", "b"', accept: "*/*" },
];

test("waits with the same meaning are one call, however If-None-Match is written", async (t) => {
  const { upstream, gateway, send } = await start(t);
  send(SPELLINGS.length, "/config/a?wait=60s", (n) => SPELLINGS[n] ?? {});
  await until(
    async () =>
      (await gateway.metric("airlock_upstream_shared_requests_total")) === SPELLINGS.length - 1,
  );
  await until(() => upstream.requests.length > 0);
  assert.equal(upstream.requests.length, 1);
  assert.equal(upstream.requests[0]?.headers["if-none-match"], '"a", "b"');
  send(2, "/config/a?wait=60s", (n) => ({ "if-none-match": ["*", " * "][n] ?? "" }));
  await until(() => upstream.requests.length === 2);
  assert.equal(upstream.requests[1]?.headers["if-none-match"], "*");
});

test("an If-None-Match that names nothing leaves nothing to wait for", async (t) => {
  const { upstream, gateway } = await start(t);
  for (const header of ["nonsense", "", ",", 'w/"1"', '*, "']) {
    const reply = await get(gateway.url, "/config/a?wait=60s", { "if-none-match": header });
    assert.equal(reply.status, 200, header);
  }
  assert.ok(upstream.requests.every(({ headers }) => headers["if-none-match"] === undefined));
});

test("reads with the same meaning are one call as well", async (t) => {
  const { upstream, gateway, send } = await start(t, () => {});
  send(2, "/config/a", (n) => ({ "cache-control": ["no-cache", "max-age=0, No-Cache"][n] ?? "" }));
  send(2, "/config/a", (n) => ({ "if-none-match": ['"1","2"', 'W/"2", "1"'][n] ?? "" }));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 2);
  await until(() => upstream.requests.length === 2);
});

test("one address downloads 50 objects at once; others, and its own next ones, are served", async (t) => {
  const { gateway, send, open, waiting } = await start(t);
  const attack = send(80, "/storage/my-bucket/large", () => from("192.0.2.1"));
  await until(() => attack.begun === 50 && attack.refused.length === 30);
  assert.deepEqual(new Set(attack.refused), new Set(["too_many_at_once"]));
  const refused = await get(gateway.url, "/storage/my-bucket/small", from("192.0.2.1"));
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "1"]);
  const other = send(1, "/storage/my-bucket/large", () => from("192.0.2.2"));
  await until(() => other.begun === 1);
  for (const one of open.slice(0, 80)) one.destroy();
  await until(async () => (await waiting()) === 1);
  assert.equal((await get(gateway.url, "/storage/my-bucket/small", from("192.0.2.1"))).status, 200);
  assert.equal(await waiting(), 1, "a small object gives its place back at once");
});

test("300 objects of one address whose first byte is late leave the connections to others", async (t) => {
  const { upstream, gateway, send } = await start(t, (incoming, response) => {
    if (!incoming.url?.endsWith("late")) json({})(incoming, response);
  });
  const attack = send(300, "/storage/my-bucket/late", () => from("192.0.2.1"));
  await until(() => attack.refused.length === 250 && upstream.requests.length === 50);
  const reply = await get(gateway.url, "/storage/my-bucket/small", from("192.0.2.2"));
  assert.equal(reply.status, 200, reply.body);
});

test("an address is one client here too: its /64, and without its port", async (t) => {
  const { send } = await start(t, held, { WAITS_PER_CLIENT: "3", STREAMS_PER_CLIENT: "3" });
  const seen = [
    send(9, "/config/a?wait=60s", (n) => ({ ...KNOWN, ...from(`[2001:db8:1:2::${n}]:${n + 1}`) })),
    send(9, "/storage/my-bucket/large", (n) => from(`192.0.2.1:${n + 1}`)),
  ];
  await until(() => seen.every(({ refused }) => refused.length === 6));
});

test("callers behind one address have a share each, whatever address they come from", async (t) => {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const { gateway, send } = await start(t, held, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
    WAITS_PER_CLIENT: "3",
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const bearer = async (sub: string) => ({
    authorization: `Bearer ${await issuer.mint({ sub, aud: ["airlock"] })}`,
  });
  const [alice, bob] = [await bearer("alice"), await bearer("bob")];
  const path = "/config/a?wait=60s";
  const mine = send(8, path, (n) => ({ ...KNOWN, ...alice, ...from(`192.0.2.${n}`) }));
  await until(() => mine.refused.length === 5);
  const others = send(3, path, () => ({ ...KNOWN, ...bob, ...from("192.0.2.0") }));
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 6);
  assert.deepEqual(others.refused, []);
});

test("0 is no limit for one client", async (t) => {
  const { send, waiting } = await start(t, held, { WAITS_PER_CLIENT: "0" });
  const seen = send(150, "/config/a?wait=60s", () => ({ ...KNOWN, ...from("192.0.2.1") }));
  await until(async () => (await waiting()) === 150);
  assert.deepEqual(seen.refused, []);
});
