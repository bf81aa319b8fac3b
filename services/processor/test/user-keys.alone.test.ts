/** Keys that users show: what is taken of an answer, and what becomes of none. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { makeHostKey } from "../src/access/host-key.ts";
import { createUserKeys, KeysUnavailable, NoSuchKeys } from "../src/access/user-keys.ts";
import { whoGetsIn } from "../src/access/who-gets-in.ts";

let answer: RequestListener = () => {};
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? "");
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}/{user}.keys`;
const opened: ReturnType<typeof createUserKeys>[] = [];
after(async () => {
  await Promise.all(opened.map((keys) => keys.close()));
  server.closeAllConnections();
  server.close();
});

let nowMs = 0;
function openKeys(): ReturnType<typeof createUserKeys> {
  const keys = createUserKeys(url, () => nowMs);
  opened.push(keys);
  return keys;
}
const says =
  (status: number, text: string, headers = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(text);
const [first, second] = [makeHostKey().publicKey, makeHostKey().publicKey];

test("lines that are keys are taken, each once, and nothing else of an answer", async () => {
  const bad = [
    `command="rm -rf /" ${second}`,
    "ssh-dss AAAAB3NzaC1kc3MAAACB",
    "<html>",
    `${second}\r${first}`,
    "# comment",
    "",
  ];
  answer = says(200, [first, ...bad, `${second} alice@laptop\r`, first].join("\n"));
  assert.deepEqual(await openKeys().of("alice"), [first, `${second} alice@laptop`]);
  answer = says(200, "");
  assert.deepEqual(await openKeys().of("alice"), []);
});

test("a name stays in its place in the path", async () => {
  answer = says(200, first);
  asked.length = 0;
  await openKeys().of("../x?y#z");
  assert.deepEqual(asked, ["/..%2Fx%3Fy%23z.keys"]);
});

test("at most a hundred keys, of at most 64 KiB", async () => {
  const many = Array.from({ length: 120 }, (_, index) => `${first} ${index}`);
  answer = says(200, many.join("\n"));
  assert.equal((await openKeys().of("alice")).length, 100);
  answer = says(200, `${first} x\n`.repeat(1000));
  await assert.rejects(openKeys().of("alice"), NoSuchKeys);
});

test("a user who is not there is told at once, and is no outage", async () => {
  const keys = openKeys();
  answer = says(404, "Not Found");
  const message = `There is no user nobody at 127.0.0.1:${port}.`;
  await assert.rejects(keys.of("nobody"), { constructor: NoSuchKeys, message });
  answer = says(200, first);
  assert.deepEqual(await keys.of("alice"), [first]);
});

test("a redirect is not followed, wherever it leads", async () => {
  asked.length = 0;
  for (const status of [301, 302, 307, 308]) {
    answer = says(status, first, { location: `http://127.0.0.1:${port}/other.keys` });
    await assert.rejects(openKeys().of("alice"), KeysUnavailable);
  }
  assert.deepEqual(new Set(asked), new Set(["/alice.keys"]));
});

test("who hangs, breaks off or trickles is given up, and for a while nobody waits for it again", async () => {
  const hangs: RequestListener = () => {};
  const trickles: RequestListener = (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("#\n"), 5);
    response.on("close", () => clearInterval(timer));
  };
  for (const bad of [
    hangs,
    trickles,
    (_: unknown, { socket }: { socket: unknown }) => (socket as { destroy(): void }).destroy(),
  ] as RequestListener[]) {
    const keys = openKeys();
    answer = bad;
    await assert.rejects(keys.of("alice", 60), KeysUnavailable);
    asked.length = 0;
    answer = says(200, first);
    await assert.rejects(keys.of("bob"), KeysUnavailable);
    assert.deepEqual(asked, []);
    nowMs += 10_001;
    assert.deepEqual(await keys.of("bob"), [first]);
  }
});

test("what is refused for one name is no outage; too many questions, and a failure, are one", async () => {
  for (const [status, others] of [
    [302, "told"],
    [403, "told"],
    [429, "not asked for"],
    [500, "not asked for"],
  ] as const) {
    const keys = openKeys();
    answer = says(status, "");
    await assert.rejects(keys.of("alice"), KeysUnavailable);
    answer = says(200, first);
    asked.length = 0;
    if (others === "told") assert.deepEqual(await keys.of("bob"), [first], `${status}`);
    else await assert.rejects(keys.of("bob"), KeysUnavailable);
    assert.equal(asked.length, others === "told" ? 1 : 0, `${status}`);
  }
});

test("an outage keeps out nobody whose own key is there, nor a command that needs nobody", async () => {
  const keys = openKeys();
  answer = says(503, "");
  const getsIn = (ownKeys: string[], needsNobody = false, user = "alice") =>
    whoGetsIn(keys, { ownKeys, user, needsNobody }, 1000);
  const said = `127.0.0.1:${port} answers 503 for the keys of alice.`;
  assert.deepEqual(await getsIn([second]), {
    authorizedKeys: [second],
    trouble: `${said} So only ssh_public_keys can log in.`,
  });
  nowMs += 10_001;
  assert.deepEqual(await getsIn([], true), {
    authorizedKeys: [],
    trouble: `${said} So nobody can log in.`,
  });
  nowMs += 10_001;
  await assert.rejects(getsIn([]), KeysUnavailable);
  assert.deepEqual(await getsIn([], false, ""), { authorizedKeys: [] });
});

test("keys of both are let in; somebody who shows none cannot be the only one", async () => {
  answer = says(200, `${first}\n${second}`);
  const asks = { ownKeys: [second], user: "alice", needsNobody: false };
  assert.deepEqual(await whoGetsIn(openKeys(), asks, 1000), { authorizedKeys: [second, first] });
  answer = says(200, "\n");
  await assert.rejects(whoGetsIn(openKeys(), { ...asks, ownKeys: [] }, 1000), NoSuchKeys);
});
