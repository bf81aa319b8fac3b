/** Who learns why jobs is unhealthy, outside dev. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Environment, loadSettings } from "@airlock/config";
import { admitLayer, createLogger, createServer } from "@airlock/http";
import type { Health } from "../src/health.ts";
import { aboutRoutes } from "../src/routes/about.ts";
import { settingsSchema } from "../src/settings.ts";

const timestamp = "2026-01-02T03:04:05.000Z";
const health: Health = {
  isReady: () => false,
  report: () => ({
    status: "unhealthy",
    database: "unhealthy",
    queue: "unknown",
    reason: "the database does not answer",
    timestamp,
  }),
  start: async () => {},
  stop() {},
};

/** Lets nobody in but who shows `good`. */
const guard = {
  known: () => undefined,
  check: async () => {
    throw new Error("asked for a proof");
  },
  knows: async (rawHeaders: readonly string[]) => rawHeaders.includes("good"),
};

async function startApp(t: TestContext, env: Environment) {
  const read = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    DATABASE_URL: "postgresql://localhost/none",
    ALLOWED_AWS_ACCOUNTS: "111122223333",
  });
  const settings = { ...read, ...env } as typeof read;
  const logger = createLogger(settings, { write() {} });
  const about = { title: "t", description: "d", version: "0" };
  const options = { settings, about, isReady: health.isReady, logger };
  const app = await createServer({ ...options, admission: { admit: admitLayer(guard) } }, (app) =>
    aboutRoutes(app, settings, health),
  );
  t.after(() => app.close());
  return async (proof: string) => {
    const headers = { host: "jobs", "x-airlock-layer": proof };
    const answer = await app.inject({ url: "/health", headers });
    return [answer.statusCode, answer.json()];
  };
}

const WORDS = { status: "unhealthy", service: "jobs", database: "unhealthy", queue: "unknown" };

test("in qa the reason is for a verified caller; the status is for anybody, and 200", async (t) => {
  const ask = await startApp(t, { ENVIRONMENT: "qa" });
  const seen = { ...WORDS, environment: "qa", timestamp };
  assert.deepEqual(await ask("bad"), [200, seen]);
  assert.deepEqual(await ask("good"), [200, { ...seen, reason: "the database does not answer" }]);
});

test("in dev it is for everybody", async (t) => {
  const ask = await startApp(t, {});
  const [, { reason }] = await ask("bad");
  assert.equal(reason, "the database does not answer");
});
