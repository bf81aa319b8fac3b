/** What is asked for: the sizes, the keys, and the body that the upstream sends for each key. */

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly bodyBytes: number;
  /** Each connection goes round keys of its own, or all of them ask for the same one. */
  readonly keys: "distinct" | "hot";
}

export const CASES: readonly Case[] = [
  { name: "1k-distinct", title: "1 KB, distinct keys", bodyBytes: 1024, keys: "distinct" },
  { name: "1k-hot", title: "1 KB, one hot key", bodyBytes: 1024, keys: "hot" },
  { name: "60k-distinct", title: "60 KB, distinct keys", bodyBytes: 61_440, keys: "distinct" },
  { name: "60k-hot", title: "60 KB, one hot key", bodyBytes: 61_440, keys: "hot" },
];

export const CONNECTIONS = 64;
/** Where many idle connections are part of what is measured. */
export const MANY_CONNECTIONS = 500;
/** So that no two requests in flight have the same key, however far one connection falls back. */
const KEYS_PER_CONNECTION = 4;
/** Only small answers are made for so many. */
const connectionsFor = (bodyBytes: number) => (bodyBytes > 1024 ? CONNECTIONS : MANY_CONNECTIONS);

/** Names that the upstream knows, and the size of each one's body. */
export function everyName(bodyBytes: number): string[] {
  const count = connectionsFor(bodyBytes) * KEYS_PER_CONNECTION;
  return Array.from({ length: count }, (_, index) => nameOf(bodyBytes, index));
}

/** The names that one of the connections asks for, in turn. */
export function namesOf({ bodyBytes, keys }: Case, connection: number): string[] {
  if (keys === "hot") return [nameOf(bodyBytes, 0)];
  return Array.from({ length: KEYS_PER_CONNECTION }, (_, index) =>
    nameOf(bodyBytes, connection * KEYS_PER_CONNECTION + index),
  );
}

const nameOf = (bodyBytes: number, index: number): string =>
  `airlock/bench/${bodyBytes}/key-${String(index).padStart(4, "0")}`;

/** The body for a name: JSON of exactly so many bytes, different from every other name's. */
export function bodyOf(name: string, bodyBytes: number): Buffer {
  const head = `{"name":"/${name}","type":"String","value":"`;
  const tail = `","end":"/${name}"}`;
  const filler = `${name}.`.repeat(Math.ceil(bodyBytes / name.length));
  return Buffer.from(head + filler.slice(0, bodyBytes - head.length - tail.length) + tail);
}
