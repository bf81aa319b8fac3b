/** Clients of a tunnel that do not read, gone without a word or only stopped; and answers in place of a tunnel. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { after, type TestContext, test } from "node:test";
import { smallText } from "../src/small-text.ts";
import { relay } from "../src/tunnel/relay.ts";
import { until } from "./app-harness.ts";

const LOOKING = { everyMs: 20, looks: 5 };
/** Many looks. */
const LONG_MS = 400;

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());

/** Both ends of a connection. */
async function connection(t: TestContext): Promise<readonly [here: Socket, there: Socket]> {
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const here = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [there] = await accepted;
  for (const socket of [here, there]) {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
  }
  return [here, there];
}

/** A client that reads nothing, and a service behind the relay that has filled all on the way. */
async function fullTunnel(t: TestContext) {
  const [client, accepted] = await connection(t);
  const [upstream, service] = await connection(t);
  client.pause();
  const { ended } = relay(accepted, upstream, LOOKING);
  let written = 0;
  const write = () => {
    while (!service.destroyed) {
      written += 65_536;
      if (!service.write(Buffer.alloc(65_536))) return;
    }
  };
  service.on("drain", write).resume();
  write();
  await until(() => accepted.writableNeedDrain);
  const beating = setInterval(() => client.write("."), LOOKING.everyMs);
  t.after(() => clearInterval(beating));
  return {
    client,
    service,
    ended,
    beating,
    stop: () => service.off("drain", write),
    written: () => written,
  };
}

test("one that says something is kept, whatever it reads; one that says nothing is gone, with what is behind it", async (t) => {
  const { client, service, ended, beating } = await fullTunnel(t);
  await new Promise((resolve) => setTimeout(resolve, LONG_MS));
  assert.deepEqual([client.destroyed, service.destroyed], [false, false]);
  clearInterval(beating);
  const closed = new Promise((resolve) => service.once("close", resolve));
  assert.equal((await ended).end, "client");
  await closed;
});

test("one that has ended before it began is over, with what is behind it", async (t) => {
  const [client, accepted] = await connection(t);
  const [upstream, service] = await connection(t);
  client.destroy();
  accepted.destroy();
  await once(accepted, "close");
  const gone = new Promise((resolve) => service.once("close", resolve));
  assert.equal((await relay(accepted, upstream, LOOKING).ended).end, "client");
  await gone;
});

test("what is left when the service has closed waits for a reader that says that it is there", async (t) => {
  const { client, service, ended, beating, stop, written } = await fullTunnel(t);
  stop();
  service.end();
  await new Promise((resolve) => setTimeout(resolve, LONG_MS));
  clearInterval(beating);
  let taken = 0;
  client.on("data", (part: Buffer) => {
    taken += part.length;
  });
  await once(client.resume(), "end");
  assert.equal(taken, written());
  await ended;
});

test("a refusal is read to its end, but not for ever, and no more of it than a refusal has", async () => {
  assert.equal(await smallText(Readable.from([Buffer.from("No"), Buffer.from(".")]), 1000), "No.");
  const endless = new Readable({ read: () => void endless.push(Buffer.alloc(10_000, "x")) });
  assert.equal((await smallText(endless, 1000)).length, 65_536);
  assert.ok(endless.destroyed);
  const silent = new Readable({ read() {} });
  await assert.rejects(smallText(silent, 20), /abort/i);
  assert.ok(silent.destroyed);
});
