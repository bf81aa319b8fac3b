/** What a service learns from its environment, and what it says when that is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commonSettings,
  describeSettings,
  docsEnabled,
  httpUrl,
  integer,
  loadSettings,
  nearNames,
  SettingsError,
  serviceName,
} from "@airlock/config";
import * as z from "zod";

const schema = z.object({
  SERVICE_NAME: serviceName("sample"),
  ...commonSettings,
  UPSTREAM_URL: httpUrl().default("http://upstream.example.com").describe("Where to go."),
  LIMIT: integer(1, 10).default(5),
});

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadSettings(schema, env);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
  assert.fail("expected SettingsError");
}

test("an empty environment gives the defaults, and prod", () => {
  const settings = loadSettings(schema, {});
  assert.equal(settings.ENVIRONMENT, "prod");
  assert.equal(settings.PORT, 8080);
  assert.equal(settings.LOG_LEVEL, "info");
  assert.equal(settings.AWS_REGION, "eu-west-1");
  assert.equal(settings.SERVICE_NAME, "sample");
  assert.equal(docsEnabled(settings), false);
});

test("settings are frozen", () => {
  const settings = loadSettings(schema, {});
  assert.throws(() => Object.assign(settings, { PORT: 1 }), TypeError);
});

test("an empty variable counts as unset", () => {
  assert.equal(loadSettings(schema, { PORT: "", ENVIRONMENT: " " }).PORT, 8080);
});

test("variables the schema does not name are ignored", () => {
  assert.ok(!("OTHER" in loadSettings(schema, { OTHER: "x" })));
});

for (const [written, level] of [
  ["DEBUG", "debug"],
  ["Warning", "warn"],
  ["warn", "warn"],
  ["error", "error"],
  ["trace", "trace"],
  ["SILENT", "silent"],
] as const) {
  test(`LOG_LEVEL=${written} means ${level}`, () => {
    assert.equal(loadSettings(schema, { LOG_LEVEL: written }).LOG_LEVEL, level);
  });
}

test("every wrong variable is listed at once, one line each, opening with its name", () => {
  const problems = problemsOf({
    PORT: "abc",
    LOG_LEVEL: "loud",
    UPSTREAM_URL: "foo",
    ENVIRONMENT: "production",
    LIMIT: "11",
  });
  assert.deepEqual(problems.map((p) => p.split(":")[0]).sort(), [
    "ENVIRONMENT",
    "LIMIT",
    "LOG_LEVEL",
    "PORT",
    "UPSTREAM_URL",
  ]);
  assert.ok(
    problems.every((p) => !p.includes("\n")),
    problems.join("|"),
  );
});

test("the value of a wrong variable is not repeated: it may be a secret", () => {
  const error = problemsOf({ UPSTREAM_URL: "http://user:hunter2@host" });
  assert.ok(!error.join().includes("hunter2"));
});

for (const bad of ["-1", "65536", "80.5", "0x50", "8080 ", "１２"].filter((p) => p.trim() === p)) {
  test(`PORT=${bad} is refused`, () => assert.equal(problemsOf({ PORT: bad }).length, 1));
}

for (const bad of [
  "upstream",
  "ftp://h",
  "http://",
  "http://h?x=1",
  "http://h/#f",
  "http://h/#",
  "http://u@h",
]) {
  test(`${bad} is no upstream URL`, () => {
    assert.equal(problemsOf({ UPSTREAM_URL: bad }).length, 1);
  });
}

test("a trailing slash of a URL is dropped", () => {
  assert.equal(
    loadSettings(schema, { UPSTREAM_URL: "http://h:1/x/" }).UPSTREAM_URL,
    "http://h:1/x",
  );
});

test("DOCS overrides what the environment implies", () => {
  assert.equal(docsEnabled(loadSettings(schema, { ENVIRONMENT: "dev" })), true);
  assert.equal(docsEnabled(loadSettings(schema, { ENVIRONMENT: "dev", DOCS: "off" })), false);
  assert.equal(docsEnabled(loadSettings(schema, { DOCS: "on" })), true);
});

test("descriptions give name, default and text of each variable", () => {
  const byName = new Map(describeSettings(schema).map((d) => [d.name, d]));
  assert.equal(byName.get("PORT")?.default, "8080");
  assert.equal(byName.get("UPSTREAM_URL")?.description, "Where to go.");
  assert.equal(byName.get("DOCS")?.default, undefined);
  assert.equal(byName.get("ENVIRONMENT")?.default, "prod");
});

test("what is no setting and almost one is told with the name that may be meant", () => {
  const settings = z.object({
    RATE_LIMIT_PER_MINUTE: z.string(),
    PORT: z.string(),
    AWS_ENDPOINT_URL_STS: z.string(),
    DOCS: z.string(),
  });
  const env = {
    RATE_LIMIT_PER_MINUTES: "1",
    RATE_LIMT_PER_MINUET: "1",
    PROT: "1",
    DOC: "1",
    PORT: "1",
    GATEWAY_PORT: "tcp://10.0.0.1:80",
    PATH: "/bin",
    AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1",
  };
  assert.deepEqual(
    nearNames(settings, env).map(({ name, near }) => `${name} ${near}`),
    ["RATE_LIMIT_PER_MINUTES RATE_LIMIT_PER_MINUTE", "DOC DOCS"],
  );
});
