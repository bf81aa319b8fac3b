/** Where the database is, and that a door is not left open outside dev. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commonSettings, loadSettings, SettingsError } from "@airlock/config";
import * as z from "zod";
import { connectTarget, storeSettings, targetOf, withStoreRules } from "../src/index.ts";

const { ENVIRONMENT } = commonSettings;
const schema = withStoreRules(z.object({ ENVIRONMENT, ...storeSettings }));
const load = (env: Record<string, string>) => loadSettings(schema, env);
const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    load(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
};

const URL_ALONE = "postgresql://gpudev:example@db.example.com:5432/gpudev";

test("a URL's TLS parameters are taken out of it", () => {
  const target = connectTarget(`${URL_ALONE}?sslmode=verify-full&sslrootcert=/etc/ca.pem`);
  assert.deepEqual(target, {
    url: URL_ALONE,
    ssl: { mode: "verify-full", caFile: "/etc/ca.pem" },
  });
  assert.deepEqual(connectTarget(URL_ALONE), { url: URL_ALONE, ssl: { mode: "disable" } });
});

test("a password may hold anything", () => {
  const password = "p@ss:w/ord?#%[]";
  const settings = load({ ENVIRONMENT: "dev", POSTGRES_HOST: "db", POSTGRES_PASSWORD: password });
  const url = new URL(targetOf(settings).url);
  assert.equal(decodeURIComponent(url.password), password);
  assert.equal(`${url.username}@${url.host}${url.pathname}`, "gpudev@db:5432/gpudev");
});

test("outside dev nothing less than verify-full with a CA file will do", () => {
  const safe = `${URL_ALONE}?sslmode=verify-full&sslrootcert=/etc/ca.pem`;
  for (const environment of ["qa", "prod"]) {
    const at = { ENVIRONMENT: environment };
    assert.deepEqual(problemsOf({ ...at, DATABASE_URL: safe }), []);
    for (const url of [URL_ALONE, `${URL_ALONE}?sslmode=require`]) {
      assert.match(problemsOf({ ...at, DATABASE_URL: url }).join(), /must be verify-full/, url);
    }
    const withoutCa = `${URL_ALONE}?sslmode=verify-full`;
    assert.match(problemsOf({ ...at, DATABASE_URL: withoutCa }).join(), /DATABASE_CA_FILE/);
    const weakened = { ...at, DATABASE_URL: safe, DATABASE_SSLMODE: "require" };
    assert.match(problemsOf(weakened).join(), /must be verify-full/);
  }
});

test("a wrong environment is told without its secrets", () => {
  const wrong = [
    { DATABASE_URL: "mysql://u:hidden@db/x" },
    { DATABASE_URL: `${URL_ALONE.replace("example@", "hidden@")}?sslmode=prefer` },
    { QUEUE_NAME: "no-dashes" },
    { QUEUE_NAME: "Same", DISK_QUEUE_NAME: "same" },
    { DATABASE_POOL_MIN: "11" },
    {},
  ];
  for (const env of wrong) {
    const problems = problemsOf({ ENVIRONMENT: "dev", ...env });
    assert.notEqual(problems.length, 0, JSON.stringify(env));
    assert.doesNotMatch(problems.join(), /hidden/);
  }
});
