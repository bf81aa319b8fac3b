/** The default address takes IPv6 and IPv4, and a kernel without IPv6 is no reason not to start. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { commonSettings } from "@airlock/config";
import { hostToListenOn } from "../src/any-address.ts";

const fails = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

test("without HOST a service listens to IPv4 and, where there is any, to IPv6", async (t) => {
  const host = await hostToListenOn(commonSettings.HOST.parse(undefined));
  const server = createServer((_request, response) => response.end("here")).listen(0, host);
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const urls = host === "::" ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"];
  for (const one of urls) {
    const answer = await fetch(`http://${one}:${port}/`, { headers: { connection: "close" } });
    assert.equal(await answer.text(), "here");
  }
});

test("a kernel without IPv6 is listened to by IPv4", async () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    assert.equal(await hostToListenOn("::", fails(code)), "0.0.0.0");
  }
});

test("what else is wrong, and an address that was asked for, stay as they are", async () => {
  assert.equal(await hostToListenOn("::", fails("EACCES")), "::");
  assert.equal(await hostToListenOn("::1", fails("EADDRNOTAVAIL")), "::1");
  assert.equal(await hostToListenOn("127.0.0.1", fails("EACCES")), "127.0.0.1");
});
