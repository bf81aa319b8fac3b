/** What the gateway refuses to start with. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Environment, loadSettings, SettingsError } from "@airlock/config";
import { executionApi } from "../src/execution-settings.ts";
import { refuse, settingsSchema } from "../src/settings.ts";

function problems(env: Environment): readonly string[] {
  try {
    loadSettings(settingsSchema, env, refuse(env));
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
}

/** What EKS and ECS set, and what LAYER_AUTH=sigv4 alone may have. */
const OF_THE_ROLE = [
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_ROLE_SESSION_NAME",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/** SDKs, CLIs and their forerunners: boto, the EC2 and S3 tools, the SDKs for Java, Go, PHP, .NET, Kotlin, Rust. */
const ALWAYS_REFUSED = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_ACCESS_KEY",
  "AWS_SECRET_KEY",
  "AWS_CHAINED_SESSION_TOKEN",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_EB_PROFILE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CREDENTIALS_FILE",
  "AWS_CREDENTIAL_FILE",
  "AWS_CREDENTIAL_PROFILES_FILE",
  "AWS_CREDENTIAL_PROCESS",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_SDK_LOAD_CONFIG",
  "AWS_IAM_ROLE_ARN",
  "AWS_IAM_ROLE_SESSION_NAME",
  "AWS_ASSUME_ROLE_ARN",
  "AWS_SSO_ACCOUNT_ID",
  "AWS_SSO_START_URL",
  "AWS_LOGIN_CACHE_DIRECTORY",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  "AWS_EC2_INSTANCE_PROFILE_NAME",
  "AWS_CONTAINER_SERVICE_ENDPOINT",
  "AWS_BEARER_TOKEN_BEDROCK",
  "AMAZON_ACCESS_KEY_ID",
  "AMAZON_SECRET_ACCESS_KEY",
  "AMAZON_SESSION_TOKEN",
  "EC2_PRIVATE_KEY",
  "EC2_CERT",
  "BOTO_CONFIG",
  "BOTO_PATH",
];

test("each variable that could bring credentials is refused by itself, without its value", () => {
  for (const name of [...OF_THE_ROLE, ...ALWAYS_REFUSED]) {
    for (const LAYER_AUTH of [undefined, "none", "service-account"]) {
      const env = { ENVIRONMENT: "dev", LAYER_AUTH, [name]: "CANARY-VALUE" };
      const found = problems(env).filter((problem) => problem.startsWith(`${name}: the gateway`));
      assert.equal(found.length, 1, name);
      assert.ok(!problems(env).join().includes("CANARY-VALUE"));
    }
  }
});

test("what only says where AWS is, or what must not be asked, is none of them; nor is an empty one", () => {
  const harmless = {
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
    AWS_CA_BUNDLE: "/ca.pem",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCOUNT_ID: "111122223333",
    AWS_PAGER: "less",
    AWS_PROFILE: "",
    AWS_ACCESS_KEY_ID: " ",
  };
  assert.deepEqual(problems({ ENVIRONMENT: "dev", ...harmless }), []);
  assert.deepEqual(problems({ ...SIGNED, ...harmless }), []);
});

const SIGNED = {
  ENVIRONMENT: "prod",
  GATEWAY_AUTH: "none",
  LAYER_AUTH: "sigv4",
  EXECUTION_API_URL: "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
  AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/airlock-gateway",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
};

test("sigv4: exactly the variables of its role may be there", () => {
  assert.deepEqual(problems({ ...SIGNED, AWS_ROLE_SESSION_NAME: "gateway" }), []);
  for (const name of ALWAYS_REFUSED) {
    assert.deepEqual(problems({ ...SIGNED, [name]: "CANARY" }), [
      `${name}: the gateway faces the public and must hold no AWS credentials; unset`,
    ]);
  }
  const [none] = problems({ ...SIGNED, AWS_ROLE_ARN: "", AWS_WEB_IDENTITY_TOKEN_FILE: "" });
  assert.match(none ?? "", /^LAYER_AUTH: sigv4 needs the credentials of a role/);
  const agent = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials" };
  assert.match(problems({ ...SIGNED, ...agent }).join(), /^AWS_ROLE_ARN: .* two sources/);
});

test("sigv4: the API's address is checked at start", () => {
  const told = (env: Environment) =>
    problems({ ...SIGNED, ...env }).map((text) => text.split(":")[0]);
  const host = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";
  for (const EXECUTION_API_URL of [
    `${host}/prod`,
    `${host}/prod/`,
    host,
    `${host}/`,
    "https://api.example.com",
    "https://api.example.com/team/v2",
    "https://a1b2c3d4e5-vpce-0123.execute-api.eu-west-1.amazonaws.com/prod",
  ]) {
    assert.deepEqual(told({ EXECUTION_API_URL }), [], EXECUTION_API_URL);
  }
  for (const EXECUTION_API_URL of [
    "",
    `${host}/prod/execute`,
    `${host}/prod/execute/`,
    `${host}/prod/Execute`,
    `${host}/prod//x`,
    `${host}/prod/../x%2Fy`,
    `${host}/prod?x=1`,
    `${host}/prod/execute?`,
    `${host}/prod?`,
    `${host}/prod/..`,
    `${host}/prod/.`,
    `${host}\\prod\\execute`,
    "http://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod?",
    "http://api.example.com/pr@d",
    "http://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
    "http://127.0.0.1:4566/execute-api/prod",
    "http://localhost:4566/execute-api/prod",
    "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
    "https://user:word@api.example.com/prod",
  ]) {
    // a sentence for each thing that is wrong with it
    const names = [...new Set(told({ EXECUTION_API_URL }))];
    assert.deepEqual(names, ["EXECUTION_API_URL"], EXECUTION_API_URL);
  }
  const dev = { ENVIRONMENT: "dev" };
  assert.deepEqual(
    told({ ...dev, EXECUTION_API_URL: "http://127.0.0.1:4566/execute-api/prod" }),
    [],
  );
  assert.deepEqual(told({ ...dev, EXECUTION_API_URL: "http://[::1]:4566/execute-api/prod" }), []);
  assert.deepEqual(told({ ...dev, EXECUTION_API_URL: "http://10.0.0.1/prod" }), [
    "EXECUTION_API_URL",
  ]);
  assert.deepEqual(told({ ...dev, EXECUTION_API_URL: "http://127.0.0.1.example.com/prod" }), [
    "EXECUTION_API_URL",
  ]);
});

test("sigv4: one region, by either name, and the one that the API is in", () => {
  const told = (env: Environment) =>
    problems({ ...SIGNED, ...env }).map((text) => text.split(":")[0]);
  for (const name of ["EXECUTION_API_REGION", "AWS_REGION_NAME"]) {
    assert.deepEqual(told({ [name]: "eu-west-1" }), []);
    assert.deepEqual(told({ [name]: "ap-northeast-1" }), ["EXECUTION_API_URL"]);
    assert.deepEqual(told({ [name]: "ireland" }), [name]);
    const own = { EXECUTION_API_URL: "https://api.example.com", [name]: "ap-northeast-1" };
    assert.deepEqual(told(own), []);
  }
  const two = { EXECUTION_API_REGION: "eu-west-1", AWS_REGION_NAME: "eu-west-2" };
  assert.deepEqual(told(two), ["AWS_REGION_NAME"]);
  const regionOf = (env: Environment) =>
    executionApi(loadSettings(settingsSchema, { ...SIGNED, ...env }))?.region;
  const elsewhere = { AWS_REGION: "us-east-1" };
  assert.equal(regionOf(elsewhere), "eu-west-1");
  assert.equal(
    regionOf({ ...elsewhere, EXECUTION_API_URL: "https://api.example.com" }),
    "us-east-1",
  );
  for (const EXECUTION_API_URL of [
    "https://A1B2C3D4E5.Execute-API.us-east-1.AmazonAWS.com/prod",
    "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com./prod",
    "https://vpce-0123.execute-api.us-gov-west-1.vpce.amazonaws.com/prod",
    "https://a1b2c3d4e5.execute-api.us-iso-east-1.c2s.ic.gov/prod",
    "https://a1b2c3d4e5.execute-api.eusc-de-east-1.amazonaws.eu/prod",
  ]) {
    const region = executionApi({ LAYER_AUTH: "sigv4", EXECUTION_API_URL })?.region ?? "";
    assert.match(EXECUTION_API_URL, new RegExp(`\\.${region}\\.`));
    assert.deepEqual(told({ EXECUTION_API_URL, EXECUTION_API_REGION: region }), []);
    assert.deepEqual(told({ EXECUTION_API_URL, EXECUTION_API_REGION: "eu-west-1" }), [
      "EXECUTION_API_URL",
    ]);
  }
  const china = "https://a.execute-api.cn-north-1.amazonaws.com.cn/prod";
  assert.equal(regionOf({ EXECUTION_API_URL: china }), "cn-north-1");
});

test("sigv4: STS by another address, and regions without one", () => {
  const told = (env: Environment) =>
    problems({ ...SIGNED, ...env }).map((text) => text.split(":")[0]);
  assert.deepEqual(told({ AWS_ENDPOINT_URL_STS: "https://sts.example.com" }), []);
  assert.deepEqual(told({ AWS_ENDPOINT_URL_STS: "http://127.0.0.1:4566" }), [
    "AWS_ENDPOINT_URL_STS",
  ]);
  assert.deepEqual(told({ ENVIRONMENT: "dev", AWS_ENDPOINT_URL_STS: "http://127.0.0.1:4566" }), []);
  assert.deepEqual(told({ AWS_REGION: "xx-nowhere-9" }), ["AWS_REGION"]);
});

test("sigv4: a token is needed for each route that is not signed, and for no other", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  t.after(() => rm(folder, { recursive: true }));
  const token = join(folder, "token");
  await writeFile(token, "a.b.c");
  const told = (env: Environment) =>
    problems({ ...SIGNED, ...env }).map((text) => text.split(":")[0]);
  const AUX_SERVICE_URL = "http://aux.example.com";
  const none = join(folder, "none");
  assert.deepEqual(told({ LAYER_TOKEN_FILE: none, JOBS_LAYER_TOKEN_FILE: none }), []);
  assert.deepEqual(told({ AUX_SERVICE_URL, LAYER_TOKEN_FILE: none }), ["LAYER_TOKEN_FILE"]);
  assert.deepEqual(told({ AUX_SERVICE_URL, LAYER_TOKEN_FILE: token }), []);
  const jobs = { JOBS_SERVICE_URL: "http://jobs.example.com" };
  assert.deepEqual(told({ ...jobs, JOBS_LAYER_TOKEN_FILE: none }), ["JOBS_LAYER_TOKEN_FILE"]);
  assert.deepEqual(told({ EXECUTION_ROUTES: "value,list" }), ["EXECUTION_ROUTES"]);
  assert.deepEqual(told({ EXECUTION_ROUTES: "value, wait,list,stream" }), []);
  const direct = { AUX_SERVICE_URL, LAYER_TOKEN_FILE: token };
  assert.deepEqual(told({ ...direct, EXECUTION_ROUTES: "value,list" }), []);
  assert.deepEqual(told({ ...direct, EXECUTION_ROUTES: "values" }), ["EXECUTION_ROUTES"]);
});

test("without sigv4 the settings of the API change nothing", () => {
  const { LAYER_AUTH: _, AWS_ROLE_ARN: __, AWS_WEB_IDENTITY_TOKEN_FILE: ___, ...rest } = SIGNED;
  assert.deepEqual(
    problems({ ...rest, LAYER_AUTH: "none", EXECUTION_API_URL: "http://x/execute" }),
    [],
  );
});

const JOBS_SERVICE_URL = "http://jobs.example.com";

for (const ENVIRONMENT of ["dev", "qa", "prod"]) {
  test(`${ENVIRONMENT}: keys of jobs open no door where there is no jobs`, () => {
    const env = { ENVIRONMENT, LAYER_AUTH: "none", GATEWAY_AUTH: "api-key" };
    assert.deepEqual(problems(env), [
      "JOBS_SERVICE_URL: is needed with GATEWAY_AUTH=api-key: jobs knows the keys",
    ]);
    assert.deepEqual(problems({ ...env, JOBS_SERVICE_URL }), []);
  });
}

test("a proof for each service behind is needed at start, for jobs where there is jobs", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  t.after(() => rm(folder, { recursive: true }));
  const LAYER_TOKEN_FILE = join(folder, "token");
  await writeFile(LAYER_TOKEN_FILE, "a.b.c");
  const env = { ENVIRONMENT: "dev", LAYER_AUTH: "service-account", LAYER_TOKEN_FILE };
  assert.deepEqual(problems(env), []);
  const file = join(folder, "none");
  const withJobs = { ...env, JOBS_SERVICE_URL, JOBS_LAYER_TOKEN_FILE: file };
  assert.deepEqual(problems(withJobs), [
    `JOBS_LAYER_TOKEN_FILE: ${file} cannot be read (ENOENT); LAYER_AUTH=service-account needs a projected token there`,
  ]);
  const [unset] = problems({ ...withJobs, JOBS_LAYER_TOKEN_FILE: "" });
  assert.match(unset ?? "", /^JOBS_LAYER_TOKEN_FILE: \/var\/run\/secrets\/airlock\/jobs-layer\//);
});

const EXECUTION = {
  ENVIRONMENT: "dev",
  LAYER_AUTH: "sigv4",
  EXECUTION_API_URL: "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
};

for (const percentage of [
  "NaN",
  "abc",
  "101",
  "-1",
  "1e1",
  "10%",
  "0x10",
  "10.00001",
  "1,5",
  "Infinity",
]) {
  test(`USE_API_GATEWAY_PERCENTAGE=${percentage} is refused`, () => {
    assert.deepEqual(problems({ ...EXECUTION, USE_API_GATEWAY_PERCENTAGE: percentage }), [
      "USE_API_GATEWAY_PERCENTAGE: must be a number, 0 to 100",
    ]);
  });
}

test("what a rollout may be asked with", () => {
  const all = { USE_API_GATEWAY: "true", USE_API_GATEWAY_PERCENTAGE: "100", ROLLOUT_BY: "request" };
  assert.deepEqual(problems({ ...EXECUTION, ...all }), []);
  const none = { ENVIRONMENT: "dev", USE_API_GATEWAY: "False", USE_API_GATEWAY_PERCENTAGE: "0" };
  assert.deepEqual(problems(none), []);
  assert.deepEqual(problems({ ...none, USE_API_GATEWAY: "yes", ROLLOUT_BY: "user" }), [
    "USE_API_GATEWAY: must be on or off",
    "ROLLOUT_BY: must be one of caller, request",
  ]);
  const asked = { ...all, ROLLOUT_FILE: "/none", ENVIRONMENT: "dev" };
  assert.deepEqual(
    problems(asked),
    ["USE_API_GATEWAY", "USE_API_GATEWAY_PERCENTAGE", "ROLLOUT_FILE"].map(
      (name) => `${name}: means nothing without LAYER_AUTH=sigv4`,
    ),
  );
});

test("where there is no direct route, all requests must take the execution API", () => {
  assert.deepEqual(problems(EXECUTION), []);
  assert.deepEqual(problems({ ...EXECUTION, USE_API_GATEWAY_PERCENTAGE: "99.9" }), [
    "USE_API_GATEWAY_PERCENTAGE: must be 100 without AUX_SERVICE_URL, for there is no other route",
  ]);
  assert.deepEqual(problems({ ...EXECUTION, USE_API_GATEWAY: "off" }), [
    "USE_API_GATEWAY: must be on without AUX_SERVICE_URL, for there is no other route",
  ]);
});

test("a rollout file that cannot be used is told with all else that is wrong", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-rollout-"));
  t.after(() => rm(folder, { recursive: true }));
  const ROLLOUT_FILE = join(folder, "rollout.json");
  const env = { ...EXECUTION, ROLLOUT_FILE };
  assert.deepEqual(problems(env), [`ROLLOUT_FILE: ${ROLLOUT_FILE} cannot be read (ENOENT)`]);
  await writeFile(ROLLOUT_FILE, '{"percentage": 10}');
  assert.deepEqual(problems(env), [
    `ROLLOUT_FILE: ${ROLLOUT_FILE} cannot be used: percentage: must be 100, for there is no other route (AUX_SERVICE_URL)`,
  ]);
  await writeFile(ROLLOUT_FILE, '{"percentage": 100}');
  assert.deepEqual(problems(env), []);
});
