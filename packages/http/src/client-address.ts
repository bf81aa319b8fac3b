/** Whom a request counts for: one address for one client, however it is written and forwarded. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIPv4, isIPv6, SocketAddress } from "node:net";

export interface ClientAddress {
  /** Without port and zone, IPv6 as RFC 5952 writes it: for logs and audit. */
  readonly address: string;
  /** What limits count: the address, of IPv6 the /64 that it is in, which one client has to itself. */
  readonly network: string;
  /** Where the peer is not known: what X-Forwarded-For said, which nobody can vouch for; for logs. */
  readonly said?: string;
}

/** @returns whom a request counts for, from its connection and its headers. */
export type ClientOf = (raw: Pick<IncomingMessage, "socket" | "headers">) => ClientAddress;

/** A connection that was reset before it was accepted has no address any more. */
const NOBODY: ClientAddress = { address: "unknown", network: "unknown" };

/**
 * The peer, or the client that X-Forwarded-For names: from its end on, and only while whoever wrote
 * the next part is a proxy to be trusted. What is no address there (`unknown`, `_hidden`, garbage)
 * hides its client: the request counts for the proxy that wrote it.
 *
 * @param trusted CIDRs and addresses of proxies; undefined believes nobody.
 */
export function createClientOf(trusted: readonly string[] | undefined): ClientOf {
  const isTrusted = trusted && matcherOf(trusted);
  return (raw) => {
    const peer = peerOf(raw);
    const forwarded = isTrusted && raw.headers["x-forwarded-for"];
    if (typeof forwarded !== "string") return peer;
    if (peer === NOBODY) return { ...NOBODY, said: forwarded.slice(0, MAX_SAID) };
    if (!isTrusted?.(peer)) return peer;
    let client = peer;
    for (let end = forwarded.length; end >= 0; ) {
      const comma = end === 0 ? -1 : forwarded.lastIndexOf(",", end - 1);
      const part = forwarded.slice(comma + 1, end).trim();
      end = comma;
      if (part === "") continue; // RFC 9110 §5.6.1.2
      const hop = clientAddressOf(part);
      if (hop === undefined) return client;
      client = hop;
      if (!isTrusted(hop)) return client;
    }
    return client;
  };
}

const MAX_SAID = 200;

/** Kept on the socket, for all of its requests; first asked for when it is accepted (see connection-limit.ts). */
const PEER = Symbol("peer");

function peerOf({ socket }: Pick<IncomingMessage, "socket">): ClientAddress {
  const holder = socket as typeof socket & { [PEER]?: ClientAddress };
  holder[PEER] ??= clientAddressOf(socket.remoteAddress ?? "") ?? NOBODY;
  return holder[PEER];
}

const V4_WITH_PORT = /^([\d.]+):\d+$/;
const V6_IN_BRACKETS = /^\[([^\]]*)\](?::\d+)?$/;

/** @returns undefined for what is no IP address, with or without a port, a zone or brackets. */
export function clientAddressOf(text: string): ClientAddress | undefined {
  const v4 = V4_WITH_PORT.exec(text)?.[1] ?? text;
  if (isIPv4(v4)) return { address: v4, network: v4 };
  const v6 = V6_IN_BRACKETS.exec(text)?.[1] ?? text;
  if (!isIPv6(v6)) return undefined;
  const [address = ""] = v6.split("%", 1);
  const groups = groupsOf(address);
  const embedded = embeddedV4(groups);
  if (embedded !== undefined) return { address: embedded, network: embedded };
  return {
    address: new SocketAddress({ address, family: "ipv6" }).address,
    network: `${hex(groups.slice(0, 4))}::/64`,
  };
}

/** The /24 or /48 of a network that `clientAddressOf` made; anything else as it is. */
export function widerNetworkOf(network: string): string {
  const groups = network.split(":");
  if (groups.length > 1) return `${groups.slice(0, 3).join(":")}::/48`;
  return isIPv4(network) ? network.replace(/\d+$/, "0/24") : network;
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = address.split("::");
  const front = wordsOf(head);
  if (tail === undefined) return front;
  const back = wordsOf(tail);
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...zeros, ...back];
}

function wordsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((word) => {
    if (!word.includes(".")) return [Number.parseInt(word, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = word.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** Prefixes of /96 behind which an IPv4 address stands: mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052). */
const V4_PREFIXES = ["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"];

function embeddedV4(groups: readonly number[]): string | undefined {
  if (!V4_PREFIXES.includes(hex(groups.slice(0, 6)))) return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

const hex = (groups: readonly number[]): string =>
  groups.map((group) => group.toString(16)).join(":");

function matcherOf(ranges: readonly string[]): (client: ClientAddress) => boolean {
  // apart, for a list matches IPv4 addresses with wide ranges of IPv6 as well
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const canonical = clientAddressOf(address)?.address ?? address;
    const [written, meant] = [familyOf(address), familyOf(canonical)];
    const bits = prefix === undefined ? BITS[written] : Number(prefix);
    // a range of IPv4 in the words of IPv6: 96 of its bits are those words
    const rest = bits - (BITS[written] - BITS[meant]);
    if (rest >= 0) lists[meant].addSubnet(canonical, rest, meant);
    else lists[written].addSubnet(address, bits, written);
  }
  return ({ address }) => lists[familyOf(address)].check(address, familyOf(address));
}

const BITS = { ipv4: 32, ipv6: 128 } as const;
const familyOf = (address: string): keyof typeof BITS => (isIPv4(address) ? "ipv4" : "ipv6");
