/** Which settings of the shell reach which service, for every setting there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSettings } from "@airlock/config";
import * as z from "zod";
import { SERVICES } from "../src/generated/env-example.ts";
import { readOptions, type StartOptions } from "../src/start/options.ts";
import { planProcesses } from "../src/start/plan.ts";
import { readPorts } from "../src/start/ports.ts";
import { overruled } from "../src/start/shell-settings.ts";

type ServiceName = keyof typeof SERVICES;

const NAMES = [...new Set(Object.values(SERVICES).flatMap(({ shape }) => Object.keys(shape)))];
const SHELL = Object.fromEntries(
  [...NAMES, "AWS_PROFILE", "KUBECONFIG"].map((name) => [name, `of the shell: ${name}`]),
);
/** Said by the run itself. */
const OWN: Record<ServiceName, RegExp> = {
  gateway: /^(SERVICE_NAME|PORT|METRICS_PORT|VERSION|(AUX|JOBS)_SERVICE_URL)$/,
  aux: /^(SERVICE_NAME|PORT|METRICS_PORT|VERSION|ALLOWED_HOSTS|ACCESS_POLICY_CALLERS)$/,
  jobs: /^(SERVICE_NAME|PORT|METRICS_PORT|VERSION|ALLOWED_HOSTS|ENV_VARS_KEYS_FILE|PROCESSOR_SERVICE_URL)$/,
  processor:
    /^(SERVICE_NAME|PORT|METRICS_PORT|VERSION|ALLOWED_HOSTS|ENV_VARS_KEYS_FILE|JOBS_NAMESPACE)$/,
};
const NEVER =
  /^(AWS_.*|ASSUME_ROLE_ARN|ENVIRONMENT|HOST|KUBECONFIG|DATABASE_(URL|SSLMODE|CA_FILE)|POSTGRES_.*)$/;

function envsOf(args: readonly string[], more: object = {}) {
  const ground = { ports: readPorts({}), shell: SHELL, ...more };
  const specs = planProcesses(readOptions(args) as StartOptions, ground);
  return Object.fromEntries(specs.map(({ name, env }) => [name, env]));
}

test("each setting is handed to the services that have it, but for those that a run sets", () => {
  const envs = envsOf([]);
  for (const [service, { shape }] of Object.entries(SERVICES)) {
    const env = envs[service] ?? {};
    for (const name of Object.keys(shape)) {
      const isHanded = env[name] === SHELL[name];
      const isKept = NEVER.test(name) || OWN[service as ServiceName].test(name);
      assert.equal(isHanded, !isKept, `${service}: ${name}`);
    }
    for (const [name, value] of Object.entries(env)) {
      if (!(name in shape)) assert.ok(!value.startsWith("of the shell"), `${service}: ${name}`);
    }
  }
});

test("what is in vain is named, and nothing else", () => {
  const envs = envsOf([]);
  const vain = overruled(SHELL, envs);
  for (const name of NAMES) {
    const reaches = Object.values(envs).some((env) => env[name] === SHELL[name]);
    assert.equal(vain.includes(name), !reaches, name);
  }
  assert.ok(vain.includes("AWS_PROFILE"));
});

test("with a cluster of its own a run says all about layers", () => {
  const cluster = {
    issuer: "http://localhost:1",
    issuerSettings: { LAYER_AUTH_ISSUER: "http://localhost:1" },
    subjects: {
      aux: "system:serviceaccount:gateway:gateway",
      jobs: "system:serviceaccount:gateway:gateway",
      processor: "system:serviceaccount:jobs:jobs",
    },
    tokenFiles: { aux: "/aux", jobs: "/jobs", processor: "/processor" },
    close: async () => {},
  };
  for (const [service, env] of Object.entries(envsOf(["--layer-auth"], { cluster }))) {
    for (const [name, value] of Object.entries(env)) {
      if (name.includes("LAYER_")) assert.doesNotMatch(value, /^of the shell/, service);
    }
  }
});

test("with --aws the shell's AWS variables go to aux alone", () => {
  const envs = envsOf(["--aws"]);
  assert.equal(envs.aux?.AWS_PROFILE, SHELL.AWS_PROFILE);
  assert.equal(envs.aux?.ASSUME_ROLE_ARN, SHELL.ASSUME_ROLE_ARN);
  for (const service of ["gateway", "jobs", "processor"]) {
    const aws = Object.keys(envs[service] ?? {}).filter((name) => /^AWS_/.test(name));
    assert.deepEqual(aws, service === "jobs" ? ["AWS_REGION"] : [], service);
  }
});

test("by itself the gateway stands in front of what the shell names", () => {
  assert.equal(envsOf(["--only=gateway"]).gateway?.AUX_SERVICE_URL, SHELL.AUX_SERVICE_URL);
});

test("hosts that the shell allows are allowed everywhere, besides those by which services call", () => {
  const envs = envsOf([]);
  for (const service of ["aux", "jobs"]) {
    const hosts = envs[service]?.ALLOWED_HOSTS?.split(",") ?? [];
    assert.ok(hosts.includes(SHELL.ALLOWED_HOSTS ?? ""), service);
    assert.ok(hosts.includes("127.0.0.1"), service);
  }
});

test("a default, as documents write it, is what a service goes by without it", () => {
  for (const [service, schema] of Object.entries(SERVICES)) {
    const written = describeSettings(schema).flatMap(({ name, default: text }) =>
      text === undefined ? [] : [[name, text]],
    );
    const unset = z.object(schema.shape).partial().parse({});
    const set = z.object(schema.shape).partial().parse(Object.fromEntries(written));
    assert.deepEqual(set, unset, service);
  }
});
