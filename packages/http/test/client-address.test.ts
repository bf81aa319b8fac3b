/** Whom a request counts for: every spelling of an address is one client, and only proxies vouch. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { type ClientAddress, clientAddressOf, createClientOf, widerNetworkOf } from "@airlock/http";

/** A request as far as it is looked at. */
const from = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: { "x-forwarded-for": forwarded },
  }) as unknown as IncomingMessage;

for (const [written, address, network] of [
  ["9.9.9.9", "9.9.9.9", "9.9.9.9"],
  ["9.9.9.9:4711", "9.9.9.9", "9.9.9.9"],
  ["::ffff:9.9.9.9", "9.9.9.9", "9.9.9.9"],
  ["::FFFF:909:909", "9.9.9.9", "9.9.9.9"],
  ["0:0:0:0:0:ffff:9.9.9.9", "9.9.9.9", "9.9.9.9"],
  ["[::ffff:9.9.9.9]:4711", "9.9.9.9", "9.9.9.9"],
  ["64:ff9b::9.9.9.9", "9.9.9.9", "9.9.9.9"],
  ["2001:db8:1:2::1", "2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002:0:0:0:1", "2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2::1]", "2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2::1]:4711", "2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2:ffff::2]:1", "2001:db8:1:2:ffff::2", "2001:db8:1:2::/64"],
  ["2001:db8::9.9.9.9", "2001:db8::909:909", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80::1", "fe80:0:0:0::/64"],
  ["[fe80::1%25eth0]:80", "fe80::1", "fe80:0:0:0::/64"],
  ["::1", "::1", "0:0:0:0::/64"],
] as const) {
  test(`${written} is ${address} and counts for ${network}`, () => {
    assert.deepEqual(clientAddressOf(written), { address, network });
    assert.deepEqual(createClientOf(undefined)(from(written)), { address, network });
  });
}

for (const text of [
  "",
  "unknown",
  "_hidden",
  "_9.9.9.9",
  "9.9.9",
  "9.9.9.9.9",
  "09.9.9.9",
  "0x9090909",
  "151587081",
  "9.9.9.9:http",
  "9.9.9.9%eth0",
  "[9.9.9.9]:80",
  "[::1",
  "::1]:80",
  "2001:db8:1:2:3:4:5:6:443",
  "example.com",
  "9.9.9.9 8.8.8.8",
]) {
  test(`${JSON.stringify(text)} is no address`, () => {
    assert.equal(clientAddressOf(text), undefined);
    assert.equal(createClientOf(["10.0.0.0/8"])(from("10.0.0.1", text)).address, "10.0.0.1");
  });
}

test("a socket that has ended counts for nobody in particular; what is said of it is kept apart, where proxies are known", () => {
  const nobody = { address: "unknown", network: "unknown" };
  assert.deepEqual(createClientOf(undefined)(from(undefined, "9.9.9.9")), nobody);
  assert.deepEqual(createClientOf(["10.0.0.0/8"])(from(undefined)), nobody);
  const said = createClientOf(["10.0.0.0/8"])(from(undefined, "9.9.9.9"));
  assert.deepEqual(said, { ...nobody, said: "9.9.9.9" });
});

for (const [name, trusted, peer, forwarded, client] of [
  ["nobody is trusted", undefined, "10.0.0.1", "9.9.9.9", "10.0.0.1"],
  ["the peer is no proxy", ["10.0.0.0/8"], "8.8.8.8", "9.9.9.9", "8.8.8.8"],
  ["a proxy names its client", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9", "9.9.9.9"],
  ["a proxy as IPv6 writes it", ["10.0.0.0/8"], "::ffff:10.0.0.1", "9.9.9.9", "9.9.9.9"],
  ["a range as IPv6 writes it", ["::ffff:10.0.0.0/104"], "10.0.0.1", "9.9.9.9", "9.9.9.9"],
  ["a range of IPv6 is none of IPv4", ["::ffff:0:0/64"], "10.0.0.1", "9.9.9.9", "10.0.0.1"],
  ["a proxy of IPv6", ["2001:db8::/32"], "2001:db8::7", "9.9.9.9", "9.9.9.9"],
  ["one address", ["10.0.0.1"], "10.0.0.1", "9.9.9.9:80", "9.9.9.9"],
  ["everybody of IPv4", ["0.0.0.0/0"], "10.0.0.1", "9.9.9.9, 8.8.8.8", "9.9.9.9"],
  ["the last of several", ["10.0.0.0/8"], "10.0.0.1", "1.1.1.1, 9.9.9.9", "9.9.9.9"],
  ["proxies in a row", ["10.0.0.0/8"], "10.0.0.1", "1.1.1.1, 9.9.9.9, 10.0.0.2", "9.9.9.9"],
  ["with ports", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9:1,10.0.0.2:8080", "9.9.9.9"],
  ["proxies all the way", ["10.0.0.0/8"], "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ["an empty part", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9, ,", "9.9.9.9"],
  ["nothing but commas", ["10.0.0.0/8"], "10.0.0.1", ",,,", "10.0.0.1"],
  ["unknown behind a proxy", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9, unknown", "10.0.0.1"],
  ["unknown behind two", ["10.0.0.0/8"], "10.0.0.1", "9.9.9.9, _x, 10.0.0.2", "10.0.0.2"],
] as const) {
  test(`X-Forwarded-For, ${name}: ${forwarded} by ${peer} is ${client}`, () => {
    assert.equal(createClientOf(trusted)(from(peer, forwarded)).address, client);
  });
}

test("where there are too many, neighbours are one: /24 of IPv4, /48 of IPv6", () => {
  assert.equal(widerNetworkOf("9.8.7.6"), "9.8.7.0/24");
  assert.equal(widerNetworkOf("2001:db8:1:2::/64"), "2001:db8:1::/48");
  assert.equal(widerNetworkOf("unknown"), "unknown");
});

type Parse = (text: string) => ClientAddress | undefined;

/** How many of so many random addresses, each in every spelling, are more than one client. */
function countSplit(parse: Parse, rounds: number): number {
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const spellings = (): string[] => {
    if (random(2) === 0) {
      const v4 = [random(256), random(256), random(256), random(256)];
      const dotted = v4.join(".");
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      const words = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
      return [dotted, `${dotted}:${random(65_536)}`, `::ffff:${dotted}`, `[::FFFF:${words}]:80`];
    }
    const groups = Array.from({ length: 8 }, () => (random(3) === 0 ? 0 : random(65_536)));
    groups[0] = 0x2001;
    const long = groups.map((group) => group.toString(16).padStart(4, "0")).join(":");
    const short = groups.map((group) => group.toString(16)).join(":");
    const zeros = short.replace(/(?:^|:)0(?::0)+(?:$|:)/, "::");
    const neighbour = [...groups.slice(0, 4), 1, 2, 3, random(65_536)].map((g) => g.toString(16));
    return [
      long,
      short.toUpperCase(),
      zeros,
      `[${zeros}]:443`,
      `${short}%eth1`,
      neighbour.join(":"),
    ];
  };
  let split = 0;
  for (let round = 0; round < rounds; round++) {
    if (new Set(spellings().map((text) => parse(text)?.network)).size !== 1) split++;
  }
  return split;
}

test("20,000 random addresses in all their spellings are one client each", () => {
  assert.equal(countSplit(clientAddressOf, 20_000), 0);
  const planted: Parse = (text) =>
    text.includes("FFFF") ? { address: text, network: text } : clientAddressOf(text);
  assert.ok(countSplit(planted, 2000) > 500, "one that leaves mapped addresses is found");
});
