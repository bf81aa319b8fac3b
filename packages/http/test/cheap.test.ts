/** What is written by hand because it is written with every request: the same as the libraries write. */
import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import type { FastifyRequest } from "fastify";
import { Histogram, Registry } from "prom-client";
import { accessLineWriter } from "../src/access-line.ts";
import { Latency } from "../src/latency.ts";
import { createLogger } from "../src/logging.ts";
import { traceContextOf } from "../src/request-context.ts";

const UUID = "5a1cd9a0-5d0e-4c0f-9d7e-0a5a5a5a5a5a";

test("a request's line is to the letter what pino would write", () => {
  const lines: string[] = [];
  const settings = { SERVICE_NAME: 'a "service"', LOG_LEVEL: "info" } as const;
  const logger = createLogger(settings, { write: (line) => void lines.push(line) });
  const write = accessLineWriter(logger);
  const raw = new IncomingMessage(new Socket());
  for (const [originalUrl, caller, logFields, sharedWith] of [
    ["/config/a?token=secret", undefined, undefined],
    ['/a"b\\c\u0000\u2028\ud800é', 'who "is" \\ \n\u007f', { word: "x", n: 1 }],
    [`/${"long".repeat(500)}`, "", { token: "never shown" }],
    ["/", "caller", { reason: 'a "word"', token: "never shown", isTrue: true }],
    ["/", undefined, { code: "b" }, "another-request_1"],
  ] as const) {
    const request = { id: UUID, raw, method: "GET", originalUrl, caller, logFields, sharedWith };
    const client = { address: "2001:db8::1", network: "2001:db8::/64" };
    const end = { status: 200, route: '/config/* "quoted"', elapsedMs: 12.345 };
    write("info", { ...request, client } as unknown as FastifyRequest, end);
    logger.info(
      {
        request_id: UUID,
        trace_id: traceContextOf(raw).traceId,
        method: "GET",
        path: (originalUrl.split("?")[0] ?? "").slice(0, 1100),
        route: end.route,
        status: 200,
        duration_ms: 12.3,
        peer: client.address,
        ...(caller !== undefined && { caller }),
        ...(sharedWith !== undefined && { upstream_request_id: sharedWith }),
        ...logFields,
      },
      "request",
    );
    const [own, pinos] = lines.splice(0).map((line) => line.replace(/"time":"[^"]*"/, '"time":0'));
    assert.equal(own, pinos);
  }
  write("debug", { id: UUID } as FastifyRequest, { status: 200, route: "/", elapsedMs: 1 });
  assert.deepEqual(lines, [], "below the level");
});

test("the histogram shows what prom-client's shows", async () => {
  const shape = { name: "a_seconds", help: "How long.", buckets: [0.001, 0.01, 0.1, 1, 25] };
  const labelNames = ["method", "status"];
  const [ours, theirs] = [new Registry(), new Registry()];
  const latency = new Latency({ ...shape, labelNames, registry: ours });
  const histogram = new Histogram({ ...shape, labelNames, registers: [theirs] });
  latency.of("NEVER", "000");
  for (let i = 0; i < 500; i++) {
    const labels = [["GET", "HEAD"][i % 2] ?? "", String(200 + (i % 3))] as const;
    const seconds = [0, 0.001, 0.0011, 0.5, 1, 24.9, 25, 99][i % 8] ?? 0;
    latency.of(...labels).observe(seconds);
    histogram.labels(...labels).observe(seconds);
  }
  assert.equal(await ours.metrics(), await theirs.metrics());
  assert.match(
    await ours.metrics(),
    /a_seconds_bucket\{le="0.001",method="GET",status="200"\} \d+/,
  );
});
