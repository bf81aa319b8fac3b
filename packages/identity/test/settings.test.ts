/** What each environment asks to be chosen, and the sentences it refuses to start with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commonSettings,
  describeSettings,
  type Environment,
  loadSettings,
  SettingsError,
  serviceName,
} from "@airlock/config";
import {
  callerSettings,
  createCallerVerifier,
  createLayerVerifier,
  executionApiSettings,
  layerPresentSettings,
  layerVerifySettings,
  logOpenDoors,
  openDoors,
  refuseRolesAlone,
  withCallerRules,
  withLayerPresentRules,
  withLayerVerifyRules,
} from "@airlock/identity";
import * as z from "zod";
import { GATEWAY, outcome, rig } from "./harness.ts";

const gateway = withCallerRules(
  withLayerPresentRules(
    z.object({
      SERVICE_NAME: serviceName("gateway"),
      ...commonSettings,
      ...callerSettings,
      ...layerPresentSettings,
    }),
  ),
);
const aux = withLayerVerifyRules(
  z.object({ SERVICE_NAME: serviceName("aux"), ...commonSettings, ...layerVerifySettings }),
);
const lambda = withLayerVerifyRules(
  z.object({
    SERVICE_NAME: serviceName("aux"),
    ...commonSettings,
    ...layerVerifySettings,
    ...executionApiSettings,
  }),
);

function problems(schema: z.ZodObject, env: Environment): readonly string[] {
  try {
    loadSettings(schema, env);
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
}

test("dev needs no choice, and says which doors are open", () => {
  const env = { ENVIRONMENT: "dev" };
  assert.deepEqual(openDoors(loadSettings(gateway, env), ["GATEWAY_AUTH", "LAYER_AUTH"]), [
    "GATEWAY_AUTH is none: callers are not asked who they are",
    "LAYER_AUTH is none: the next service gets no proof of who is calling",
  ]);
  assert.deepEqual(openDoors(loadSettings(aux, env), ["LAYER_AUTH_MODE"]), [
    "LAYER_AUTH_MODE is off: any service may call",
  ]);
});

for (const [ENVIRONMENT, level] of [
  ["dev", "info"],
  ["qa", "warn"],
] as const) {
  test(`${ENVIRONMENT} has one line of level ${level} for all open doors`, () => {
    const lines: unknown[] = [];
    const note = (as: string) => (fields: object, message: string) =>
      lines.push([as, fields, message]);
    const chosen = { ENVIRONMENT, GATEWAY_AUTH: "none", LAYER_AUTH: "none" };
    const settings = loadSettings(gateway, chosen);
    const log = { info: note("info"), warn: note("warn") };
    logOpenDoors(log, settings, ["GATEWAY_AUTH", "LAYER_AUTH"]);
    const open_doors = openDoors(settings, ["GATEWAY_AUTH", "LAYER_AUTH"]);
    assert.deepEqual(lines, [[level, { open_doors }, `open on purpose: ${open_doors.join("; ")}`]]);
    logOpenDoors(log, { ENVIRONMENT, GATEWAY_AUTH: "api-key" }, ["GATEWAY_AUTH"]);
    assert.equal(lines.length, 1);
  });
}

for (const ENVIRONMENT of ["qa", "prod", undefined]) {
  test(`${ENVIRONMENT ?? "an unset environment"} refuses to start until every door is chosen`, () => {
    assert.deepEqual(problems(gateway, { ENVIRONMENT }), [
      "LAYER_AUTH: must be chosen outside dev: service-account, or none to send no proof",
      "GATEWAY_AUTH: must be chosen outside dev: jwt, api-key, or none to let everybody in",
    ]);
    assert.deepEqual(problems(aux, { ENVIRONMENT }), [
      "LAYER_AUTH_MODE: must be chosen outside dev: enforce, observe, or off to let everybody in",
    ]);
    assert.deepEqual(
      problems(gateway, { ENVIRONMENT, LAYER_AUTH: "none", GATEWAY_AUTH: "none" }),
      [],
    );
    assert.deepEqual(problems(aux, { ENVIRONMENT, LAYER_AUTH_MODE: "off" }), []);
  });
}

test("jwt needs an issuer and an audience", () => {
  const env = { ENVIRONMENT: "dev", GATEWAY_AUTH: "JWT" };
  assert.deepEqual(problems(gateway, env), [
    "GATEWAY_JWT_ISSUER: is needed with GATEWAY_AUTH=jwt",
    "GATEWAY_JWT_AUDIENCE: is needed with GATEWAY_AUTH=jwt",
  ]);
});

test("whose tokens are let in is not said where everybody is", () => {
  for (const GATEWAY_AUTH of ["none", "api-key"]) {
    const env = { GATEWAY_AUTH, GATEWAY_JWT_ISSUER: "https://login.example.com" };
    assert.deepEqual(problems(gateway, { ENVIRONMENT: "dev", ...env }), [
      "GATEWAY_JWT_ISSUER: means nothing without GATEWAY_AUTH=jwt",
    ]);
  }
});

for (const LAYER_AUTH_MODE of ["observe", "enforce"]) {
  test(`${LAYER_AUTH_MODE} needs an issuer, an audience and subjects`, () => {
    assert.deepEqual(
      problems(aux, { ENVIRONMENT: "prod", LAYER_AUTH_MODE }).map(
        (problem) => problem.split(":")[0],
      ),
      ["LAYER_AUTH_ISSUER", "LAYER_AUTH_AUDIENCE", "LAYER_AUTH_SUBJECTS"],
    );
  });
}

const chosen = {
  LAYER_AUTH_MODE: "enforce",
  LAYER_AUTH_ISSUER: "https://issuer.example.com/",
  LAYER_AUTH_AUDIENCE: "aux",
  LAYER_AUTH_SUBJECTS: `${GATEWAY}, system:serviceaccount:jobs:jobs`,
};

test("an issuer keeps its trailing slash and subjects are a list", () => {
  const settings = loadSettings(aux, chosen);
  assert.equal(settings.LAYER_AUTH_ISSUER, "https://issuer.example.com/");
  assert.deepEqual(settings.LAYER_AUTH_SUBJECTS, [GATEWAY, "system:serviceaccount:jobs:jobs"]);
  assert.deepEqual(openDoors(settings, ["LAYER_AUTH_MODE"]), []);
});

for (const subjects of [
  "gateway",
  "system:serviceaccount:*:gateway",
  "system:serviceaccount:a:",
  ",",
]) {
  test(`${subjects} is no list of service accounts`, () => {
    const [problem, ...more] = problems(aux, { ...chosen, LAYER_AUTH_SUBJECTS: subjects });
    assert.match(problem ?? "", /^LAYER_AUTH_SUBJECTS: must be system:serviceaccount:/);
    assert.deepEqual(more, []);
  });
}

test("outside dev keys come over https, from loopback or from a file", () => {
  const exposed = { ...chosen, LAYER_AUTH_ISSUER: "http://issuer.example.com" };
  assert.match(problems(aux, exposed)[0] ?? "", /^LAYER_AUTH_ISSUER: must be https outside dev/);
  assert.deepEqual(problems(aux, { ...exposed, ENVIRONMENT: "dev" }), []);
  assert.deepEqual(problems(aux, { ...exposed, LAYER_AUTH_JWKS_FILE: "/keys" }), []);
  assert.deepEqual(problems(aux, { ...chosen, LAYER_AUTH_ISSUER: "http://127.0.0.1:9" }), []);
  const url = { ...chosen, LAYER_AUTH_JWKS_URL: "http://issuer.example.com/keys" };
  assert.match(problems(aux, url)[0] ?? "", /^LAYER_AUTH_JWKS_URL: must be https outside dev/);
});

test("an issuer that is no address needs its keys named", () => {
  const odd = { ...chosen, LAYER_AUTH_ISSUER: "kubernetes/serviceaccount" };
  assert.match(problems(aux, odd)[0] ?? "", /^LAYER_AUTH_ISSUER: must be an http or https URL/);
  assert.deepEqual(problems(aux, { ...odd, LAYER_AUTH_JWKS_FILE: "/keys" }), []);
});

test("keys come from one place", () => {
  const env = { ...chosen, LAYER_AUTH_JWKS_FILE: "/keys", LAYER_AUTH_JWKS_URL: "https://a.test/k" };
  assert.match(problems(aux, env)[0] ?? "", /^LAYER_AUTH_JWKS_FILE: .* exclude each other/);
});

for (const algorithms of ["none", "HS256", "RS256,HS256", "rs256", "ES512"]) {
  test(`${algorithms} is no list of allowed algorithms`, () => {
    const env = { ENVIRONMENT: "dev", GATEWAY_JWT_ALGORITHMS: algorithms };
    assert.match(problems(gateway, env)[0] ?? "", /^GATEWAY_JWT_ALGORITHMS: must be algorithms/);
  });
}

test("every setting is described, and defaults can be shown", () => {
  const described = describeSettings(gateway).concat(describeSettings(aux));
  assert.deepEqual(
    described.filter(({ description }) => !description),
    [],
  );
  const defaults = new Map(described.map((setting) => [setting.name, setting.default]));
  assert.equal(defaults.get("GATEWAY_JWT_ALGORITHMS"), "RS256,ES256");
  assert.equal(defaults.get("GATEWAY_JWT_CALLER_CLAIM"), "sub");
  assert.equal(defaults.get("LAYER_TOKEN_FILE"), "/var/run/secrets/airlock/layer/token");
});

test("the settings make the verifiers that they speak of, or none", async (t) => {
  const { issuer, clock, log } = await rig(t);
  const deps = { log, now: clock.now };
  assert.equal(
    createCallerVerifier(loadSettings(gateway, { ENVIRONMENT: "dev" }), deps),
    undefined,
  );
  assert.equal(createLayerVerifier(loadSettings(aux, { ENVIRONMENT: "dev" }), deps), undefined);
  const layer = createLayerVerifier(
    loadSettings(aux, {
      ...chosen,
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    }),
    deps,
  );
  const caller = createCallerVerifier(
    loadSettings(gateway, {
      LAYER_AUTH: "none",
      GATEWAY_AUTH: "jwt",
      GATEWAY_JWT_ISSUER: issuer.issuer,
      GATEWAY_JWT_AUDIENCE: "airlock",
      GATEWAY_JWT_JWKS_URL: issuer.jwksUrl,
      GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    }),
    deps,
  );
  assert.ok(layer && caller);
  t.after(() => [layer, caller].map((verifier) => verifier.close()));
  assert.equal(outcome(await layer.verify(await issuer.mint())), "ok");
  const shared = await issuer.mint({ aud: ["airlock", "x"], sub: "anybody" });
  assert.equal(outcome(await caller.verify(shared)), "ok");
  assert.equal(outcome(await layer.verify(shared)), "401 audience");
});

test("a service behind the execution API alone needs roles, and no issuer", () => {
  const env = {
    ENVIRONMENT: "prod",
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ACCEPTS: "execution-api",
  };
  assert.deepEqual(problems(lambda, env), [
    "LAYER_AUTH_ROLES: is needed with LAYER_AUTH_ACCEPTS=execution-api",
  ]);
  const role = "arn:aws:iam::111122223333:role/gateway";
  assert.deepEqual(problems(lambda, { ...env, LAYER_AUTH_ROLES: role }), []);
  const both = {
    ...env,
    LAYER_AUTH_ROLES: role,
    LAYER_AUTH_ACCEPTS: "service-account, execution-api",
  };
  assert.equal(problems(lambda, both).length, 3, "issuer, audience and subjects");
  for (const wrong of ["gateway", `${role}*`, "arn:aws:sts::111122223333:assumed-role/gateway/x"]) {
    const [problem = ""] = problems(lambda, { ...env, LAYER_AUTH_ROLES: wrong });
    assert.match(problem, /^LAYER_AUTH_ROLES: must be role ARNs/, wrong);
  }
  const [word = ""] = problems(lambda, { ...env, LAYER_AUTH_ACCEPTS: "sigv4" });
  assert.match(word, /^LAYER_AUTH_ACCEPTS: must be service-account, execution-api/);
});

test("a service that no API stands before does not start with roles as its only proof", () => {
  const refused = (accepts: string, mode?: string) =>
    refuseRolesAlone({ LAYER_AUTH_ACCEPTS: accepts, LAYER_AUTH_MODE: mode }).length;
  assert.equal(refused("execution-api", "enforce"), 1);
  assert.equal(refused(" execution-api , execution-api", "Observe"), 1);
  assert.equal(refused("execution-api,service-account", "enforce"), 0);
  assert.equal(refused("", "enforce"), 0);
  assert.equal(refused("execution-api"), 0, "nobody is asked");
});
