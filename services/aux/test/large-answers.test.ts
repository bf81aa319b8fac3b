/** Answers of many parts: each has room before it is made, and one that is made is there for all. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { Problem } from "@airlock/contract";
import { AnswerRoom } from "@airlock/http";
import type { FastifyReply } from "fastify";
import { startAux } from "./harness.ts";

const NAME = "/airlock/dev/database/host";
const LARGE = [
  "/parameters",
  "/parameters?path=/airlock&recursive=true",
  `/parameters?name=${NAME}`,
  "/s3/buckets",
  "/s3/buckets/airlock-data-dev",
  "/s3/versions?bucket=airlock-data-dev&key=readme.txt",
];

test("without room, lists, trees and batches are 503 until there is some, and values are served", async (t) => {
  const answerRoom = new AnswerRoom(1000);
  const other = new EventEmitter();
  answerRoom.hold(
    { raw: other, request: { raw: { socket: {} } } } as unknown as FastifyReply,
    Buffer.alloc(1000),
  );
  const { url } = await startAux(t, {}, undefined, { answerRoom });
  const batch = { method: "POST", body: JSON.stringify({ names: [NAME] }) };
  const headers = { "content-type": "application/json" };
  const all = async () => [
    ...(await Promise.all(LARGE.map((path) => fetch(url + path)))),
    await fetch(`${url}/parameters/batch`, { ...batch, headers }),
  ];
  for (const answer of await all()) {
    assert.equal(Problem.parse(await answer.json()).code, "overloaded", answer.url);
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  assert.equal((await fetch(`${url}/parameters${NAME}`)).status, 200);
  other.emit("close");
  for (const answer of await all()) assert.equal(answer.status, 200, await answer.text());
});
