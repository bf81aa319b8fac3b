/** Ready once its code is warm, and nobody has to notice how it became so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import { buildApp } from "../src/app.ts";
import { settingsSchema } from "../src/settings.ts";
import { openUpstreams } from "../src/upstreams.ts";
import { warmUp } from "../src/warm-up.ts";
import { get, json, startUpstream } from "./harness.ts";

test("until it is warm it is not ready; what warms it reaches neither aux nor the log nor a limit", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    AUX_SERVICE_URL: upstream.url,
    RATE_LIMIT_PER_MINUTE: "3",
    ALLOWED_HOSTS: "gateway.example.com",
  });
  const lines: string[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(line) });
  const metrics = createMetrics(settings);
  const upstreams = await openUpstreams(settings, { logger, registry: metrics.registry });
  let isWarm = false;
  const app = await buildApp(settings, {
    toAux: upstreams.toAux,
    isReady: () => isWarm,
    logger,
    metrics,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    await app.close();
    await upstreams.close();
  });
  assert.equal((await get(url, "/readyz")).status, 503);
  assert.equal((await get(url, "/livez")).status, 200);
  await warmUp(app, settings);
  isWarm = true;
  assert.equal((await get(url, "/readyz")).status, 200);
  assert.deepEqual(lines, []);
  assert.equal(upstream.requests.length, 0);
  const { status } = await get(url, "/config/a", { host: "gateway.example.com" });
  assert.equal(status, 200);
});
