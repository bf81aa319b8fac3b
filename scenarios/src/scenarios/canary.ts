/** Secrets are planted wherever secrets pass; then every log, error and metric is searched for them. */
import { LOCAL_AWS } from "@airlock/local-aws";
import { ask } from "../rig/ask.ts";
import { NO_CACHE, prepare } from "../rig/pair.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const CANARIES = {
  "the base key in the settings": LOCAL_AWS.baseSecretAccessKey,
  "the external id in the settings": "canary-external-id-4f1c",
  "the value of a parameter": "canary-value-91aa",
  "an Authorization header": "canary-authorization-7d02",
  "a Cookie header": "canary-cookie-c3f8",
  "an x-api-key header": "canary-api-key-55be",
  "a query": "canary-query-e6a1",
} as const;
/** What an error must not tell either: ARNs and the account. */
const INSIDES = /arn:aws|\b111122223333\b|ASIA[A-Z2-7]{8}/;

const HEADERS = {
  authorization: `Bearer ${CANARIES["an Authorization header"]}`,
  cookie: `session=${CANARIES["a Cookie header"]}`,
  "x-api-key": CANARIES["an x-api-key header"],
};
const QUERY = `?token=${CANARIES["a query"]}`;
const PATHS = [
  "/config//canary/secret",
  "/config/my-parameter",
  "/config/nothing-here",
  "/config/a//b",
  "/config/%ff",
  `/config/${"a".repeat(3000)}`,
  "/config",
  "/storage",
  "/storage/airlock-data-dev/readme.txt",
  "/presigned/airlock-data-dev/readme.txt",
  "/health",
  "/nothing",
];

export const canary: Scenario = {
  name: "canary",
  how: "known secrets in settings, parameters, headers and queries, with the log at debug; good and bad requests while AWS works, throttles, fails, hangs, refuses, and while aux is gone; every line of every process, every error and both metrics pages are searched",
  run: runCanary,
};

async function runCanary(size: SizeName, stage: Stage): Promise<void> {
  const pair = await prepare(stage, {
    parameters: 0,
    gatewayEnv: { LOG_LEVEL: "debug" },
    auxEnv: {
      ...NO_CACHE,
      LOG_LEVEL: "debug",
      AWS_ROLE_EXTERNAL_ID: CANARIES["the external id in the settings"],
    },
  });
  const logs = new Map<string, string[]>();
  const listen = (process: (typeof pair.all)[number]) => {
    const texts: string[] = [];
    logs.set(`${process.name} ${logs.size}`, texts);
    process.log.onText = (text) => texts.push(text);
  };
  const value = CANARIES["the value of a parameter"];
  await pair.aws.parameters([{ name: "/canary/secret", value, type: "SecureString" }]);
  await pair.addAux();
  await pair.addGateway();
  pair.all.forEach(listen);

  const errors: string[] = [];
  let requests = 0;
  let values = 0;
  const askFor = async (base: string, target: string) => {
    for (const method of ["GET", "DELETE"]) {
      for (const query of ["", QUERY]) {
        const answer = await ask(base, target + query, { headers: HEADERS, method });
        requests++;
        if (answer.status === 200 && answer.body.includes(value)) values++;
        if (answer.status >= 400) errors.push(JSON.stringify(answer.headers) + answer.body);
      }
    }
  };
  const askAll = () =>
    Promise.all(
      PATHS.flatMap((path) => [
        askFor(pair.gateway.url, path),
        askFor(pair.aux.url, path.replace(/^\/config/, "/parameters")),
      ]),
    );
  await askAll();
  stage.check(
    "canary: the value is read where it may be",
    "2 times",
    values === 2,
    "2 reads",
    `${values}`,
  );
  for (const kind of ["throttle", "error500", "reset", "hang"] as const) {
    if (kind === "hang" && size === "test") continue;
    await pair.aws.faults({ kind, service: "*" });
    await askAll();
  }
  await pair.aws.faults({ kind: "clockSkewSeconds", seconds: 100_000 });
  await askAll();
  await pair.aws.faults();
  pair.aux.signal("SIGKILL");
  await pair.aux.exited;
  await Promise.all(PATHS.map((path) => ask(pair.gateway.url, path + QUERY, { headers: HEADERS })));
  const metrics = await fetch(`http://127.0.0.1:${pair.gateway.metricsPort}/metrics`);
  logs.set("the gateway's metrics", [await metrics.text()]);
  pair.gateway.signal("SIGTERM");
  await pair.gateway.exited;
  await sleep(100);

  const text = new Map([...logs].map(([name, texts]) => [name, texts.join("")]));
  text.set("errors", errors.join("\n"));
  const lines = [...text.values()].join("").split("\n").length;
  for (const [what, secret] of Object.entries(CANARIES)) {
    const places = [...text].filter(([, all]) => all.includes(secret)).map(([name]) => name);
    stage.check(
      `canary: ${what}`,
      "nowhere",
      places.length === 0,
      `${requests} requests, ${lines} lines`,
      places.join(", ") || "nowhere",
    );
  }
  const telling = errors.filter((error) => INSIDES.test(error));
  for (const error of telling.slice(0, 3)) stage.progress(error);
  const count = `${errors.length} errors`;
  stage.check(
    "canary: errors that tell an ARN or the account",
    "0",
    telling.length === 0,
    count,
    `${telling.length}`,
  );
}
