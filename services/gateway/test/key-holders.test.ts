/** What is held of an address while it is not known whose a key is: given back by who stays and by who leaves. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { rateLimitMaker } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Registry } from "prom-client";
import { createKeyHolders } from "../src/jobs/key-holders.ts";

/** So many requests of one address are held at once. */
const HELD = 64;

test("who leaves while its request waits for those of its address holds nothing of what they have", async () => {
  const limit = rateLimitMaker({ registry: new Registry() })({ perMinute: 1000, name: "all" });
  assert.ok(limit);
  const holders = createKeyHolders(limit);
  const request = {
    client: { network: "192.0.2.1" },
    raw: { rawHeaders: [] },
    answerHeaders: [],
  } as unknown as FastifyRequest;
  const answers = Array.from({ length: 2 * HELD }, () =>
    Object.assign(new EventEmitter(), { destroyed: false }),
  );
  const counts = answers.map((raw) => holders.count(request, { raw } as unknown as FastifyReply));
  const onAnswers = await Promise.all(counts.slice(0, HELD));
  for (const answer of answers.slice(HELD)) {
    answer.destroyed = true;
    answer.emit("close");
  }
  for (const onAnswer of onAnswers) onAnswer({});
  await Promise.all(counts.slice(HELD));
  // else it would wait for them, and be refused
  await holders.count(request, { raw: answers[0] } as unknown as FastifyReply);
});
