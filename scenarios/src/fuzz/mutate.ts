/** Turns a request into one that nobody has thought of. */
import type { Random } from "../rig/random.ts";
import { CORPUS } from "./corpus.ts";

/** Pieces that have broken HTTP servers before. */
const PIECES = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  "\t",
  " ",
  "\x0b",
  "\x7f",
  "\xff",
  ":",
  "/",
  "//",
  "/../",
  "/./",
  "\\",
  "%",
  "%00",
  "%2e",
  "%2f",
  "%25",
  "%0d%0a",
  "?",
  "#",
  "@",
  ";",
  "*",
  "\r\n\r\n",
  "\r\n ",
  "0\r\n\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Transfer-Encoding: xchunked\r\n",
  "Host: evil.test\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "Connection: transfer-encoding\r\n",
  "Expect: 100-continue\r\n",
  "Upgrade: websocket\r\nConnection: Upgrade\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/0.9",
  "GET ",
  "HEAD ",
  "POST ",
  "__proto__",
  "/s3/buckets",
  "/parameters",
  "/_control/faults",
  "http://169.254.169.254/latest/meta-data",
];

type Mutation = (text: string, random: Random) => string;

const at = (text: string, random: Random) => random.below(text.length + 1);

const insertPiece: Mutation = (text, random) => {
  const i = at(text, random);
  return text.slice(0, i) + random.pick(PIECES) + text.slice(i);
};

const insertLine: Mutation = (text, random) => {
  const lines = text.split("\r\n");
  lines.splice(random.below(lines.length + 1), 0, random.pick(PIECES).replace(/\r\n$/, ""));
  return lines.join("\r\n");
};

const flipByte: Mutation = (text, random) => {
  const i = random.below(Math.max(1, text.length));
  return text.slice(0, i) + String.fromCharCode(random.below(256)) + text.slice(i + 1);
};

const deleteSome: Mutation = (text, random) => {
  const i = at(text, random);
  return text.slice(0, i) + text.slice(i + 1 + random.below(8));
};

const doubleSome: Mutation = (text, random) => {
  const i = at(text, random);
  const piece = text.slice(i, i + 1 + random.below(40));
  return text.slice(0, i) + piece.repeat(1 + random.below(4)) + text.slice(i);
};

const cutShort: Mutation = (text, random) => text.slice(0, at(text, random));

const swapLines: Mutation = (text, random) => {
  const lines = text.split("\r\n");
  const [a, b] = [random.below(lines.length), random.below(lines.length)];
  const kept = lines[a] ?? "";
  lines[a] = lines[b] ?? "";
  lines[b] = kept;
  return lines.join("\r\n");
};

const otherCase: Mutation = (text, random) => {
  const i = at(text, random);
  const piece = text.slice(i, i + 12);
  const turned = random.chance(0.5) ? piece.toUpperCase() : piece.toLowerCase();
  return text.slice(0, i) + turned + text.slice(i + 12);
};

const crossOver: Mutation = (text, random) => {
  const other = random.pick(CORPUS);
  return text.slice(0, at(text, random)) + other.slice(at(other, random));
};

const otherNumber: Mutation = (text, random) =>
  text.replace(/\d+/, () => random.pick(["0", "1", "2", "65536", "65537", "-1", "1e3", "08"]));

const longRun: Mutation = (text, random) => {
  const i = at(text, random);
  return text.slice(0, i) + random.pick(["a", "/", "%41", "\t"]).repeat(500) + text.slice(i);
};

const MUTATIONS: readonly Mutation[] = [
  insertPiece,
  insertPiece,
  insertLine,
  insertLine,
  flipByte,
  flipByte,
  deleteSome,
  doubleSome,
  cutShort,
  swapLines,
  otherCase,
  crossOver,
  otherNumber,
  longRun,
];

const MAX_LENGTH = 40_000;

/** A request of the corpus with none to four mutations, as latin-1 text. */
export function mutatedRequest(random: Random): string {
  let text = random.pick(CORPUS);
  for (let left = random.below(5); left > 0; left--) {
    text = random.pick(MUTATIONS)(text, random).slice(0, MAX_LENGTH);
  }
  return text;
}
