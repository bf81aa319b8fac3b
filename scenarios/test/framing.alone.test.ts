/** The fuzzer's own reading of requests and answers, on which its verdicts stand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedAnswers } from "../src/fuzz/framing.ts";
import { mutatedRequest } from "../src/fuzz/mutate.ts";
import { readResponses } from "../src/fuzz/responses.ts";
import { seededRandom } from "../src/rig/random.ts";

const HOST = "Host: x\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const REFUSAL = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";

for (const [what, bytes, methods] of [
  ["one request", `GET / HTTP/1.1\r\n${HOST}\r\n`, ["GET"]],
  ["two", `GET / HTTP/1.1\r\n${HOST}\r\nHEAD / HTTP/1.1\r\n${HOST}\r\n`, ["GET", "HEAD"]],
  ["one with a body", `POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc`, ["POST"]],
  ["a body and rubbish", `POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd`, ["POST", ""]],
  ["chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ["POST"]],
  ["a body cut short", "POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nGET / HTTP/1.1", ["POST"]],
  [
    "a length in doubt",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ["POST"],
  ],
  ["a head cut short", "GET / HTTP/1.1\r\nHost:", ["GET"]],
  ["empty lines", "\r\n\r\n", []],
] as const) {
  test(`answers allowed to ${what}: ${methods.length}`, () => {
    assert.deepEqual(expectedAnswers(bytes).methods, methods);
  });
}

test("answers are told apart, interim ones left out", () => {
  const bytes = `HTTP/1.1 100 Continue\r\n\r\n${ANSWER}${REFUSAL}`;
  assert.deepEqual(readResponses(bytes, ["GET", "GET"]).statuses, [200, 400]);
});

test("an answer to HEAD has no body, and bytes behind it are seen", () => {
  const head = ANSWER.slice(0, -2);
  assert.equal(readResponses(head, ["HEAD"]).rest, "");
  assert.equal(readResponses(ANSWER, ["HEAD"]).rest, "ok");
});

test("the same seed makes the same request", () => {
  const once = Array.from({ length: 50 }, (_, n) => mutatedRequest(seededRandom(n)));
  const again = Array.from({ length: 50 }, (_, n) => mutatedRequest(seededRandom(n)));
  assert.deepEqual(once, again);
  assert.ok(new Set(once).size > 40);
});
