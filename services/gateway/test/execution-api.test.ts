/** The gateway's own signer before the API of the stand-in, which checks as AWS does: nothing between them is played here. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { after, before, beforeEach, type TestContext, test } from "node:test";
import type { Environment } from "@airlock/config";
import {
  awslambda,
  INVOKE_SESSIONS,
  type KnownSession,
  LOCAL_AWS,
  type LocalAws,
  serveFunction,
  startLocalAws,
} from "@airlock/local-aws";
import { createLocalIssuer } from "@airlock/local-issuer";
import { get, startGateway, startUpstream, until } from "./harness.ts";

let aws: LocalAws;
let stop: () => void;
/** What the function behind the API has been told, newest last. */
let events: { path: string; body: string | null; headers: Record<string, string> }[] = [];
let folder: string;

/** Answers anything with JSON that a route of aux could give. */
const answer = awslambda.streamifyResponse(async (event, stream) => {
  const told = event as (typeof events)[number] & { httpMethod: string };
  events.push(told);
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ told: told.path });
  if (told.httpMethod === "POST") {
    const text = Buffer.from(body).toString("base64");
    stream.end(JSON.stringify({ statusCode: 200, headers, body: text, isBase64Encoded: true }));
    return;
  }
  awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers }).end(body);
});

before(async () => {
  aws = await startLocalAws();
  stop = serveFunction(answer, { host: `127.0.0.1:${aws.port}`, places: 4 });
  folder = await mkdtemp("/tmp/airlock-api-");
});
beforeEach(() => {
  events = [];
  aws.faults.clear();
});
after(async () => {
  stop();
  await aws.close();
  await rm(folder, { recursive: true });
});

async function start(t: TestContext, env: Environment = {}) {
  const issuer = await createLocalIssuer();
  const file = `${folder}/token`;
  const kept = await issuer.keepTokenFile(file, { aud: ["sts.amazonaws.com"] });
  t.after(async () => {
    kept.close();
    await issuer.close();
  });
  const gateway = await startGateway(t, "", {
    LAYER_AUTH: "sigv4",
    EXECUTION_API_URL: `${aws.url}/execute-api/prod/`,
    AWS_ROLE_ARN: LOCAL_AWS.gatewayRoleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ENDPOINT_URL_STS: aws.url,
    ...env,
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  return gateway;
}

const POD_IDENTITY = () => ({
  AWS_ROLE_ARN: "",
  AWS_WEB_IDENTITY_TOKEN_FILE: "",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/v1/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${folder}/token`,
});

/** An agent that gives out this session, good or not. */
async function agentOf(t: TestContext, keys: Omit<KnownSession, "arn">): Promise<Environment> {
  const agent = await startUpstream(
    t,
    (_request, response) =>
      void response.end(
        JSON.stringify({
          AccessKeyId: keys.accessKeyId,
          SecretAccessKey: keys.secretAccessKey,
          Token: keys.sessionToken,
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ),
  );
  return { ...POD_IDENTITY(), AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url };
}

/** Names, buckets and keys with everything that is encoded once, twice or not at all on the way. */
const PATHS: readonly [asked: string, told: string][] = [
  ["/config//airlock/dev/a.b_c-d", "/parameters/airlock/dev/a.b_c-d"],
  ["/config?path=/airlock/dev&recursive=true", "/parameters"],
  ["/config?name=/a/b&name=/a/c&name=x", "/parameters"],
  ["/storage", "/s3/buckets"],
  ["/storage/my-bucket?prefix=a%2Fb%20c%2B%26&delimiter=/", "/s3/buckets/my-bucket"],
  ["/presigned/my-bucket/a'(b)!*~%25%2B+c", "/s3/presigned"],
  ["/presigned/my-bucket/%C3%A9/%E1%88%B4/%F0%9F%98%80%20", "/s3/presigned"],
];

for (const [name, env] of [
  ["IRSA", () => ({})],
  ["EKS Pod Identity", POD_IDENTITY],
] as const) {
  test(`${name}: every form of path, query and body passes the API's check`, async (t) => {
    const gateway = await start(t, env());
    for (const [asked, told] of PATHS) {
      const { status, body } = await get(gateway.url, asked);
      assert.equal(`${status} ${body}`, `200 ${JSON.stringify({ told })}`, asked);
    }
    const sent = await fetch(`${gateway.url}/config/batch`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        names: ["/airlock/dev/é", "/a/b"].map((one) => one.replace("é", "e")),
      }),
    });
    assert.equal(sent.status, 200, await sent.text());
    assert.equal(await gateway.metric("airlock_upstream_refused_by_aws_total"), 0);
  });
}

test("a caller whose name no header can hold as it is passes the check, and arrives", async (t) => {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const gateway = await start(t, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
  });
  for (const [sub, groups] of [
    ["älice  of the  ሴ ops; =,&+", ["dev ops", "a,b"]],
    ["x".repeat(300), []],
    [" leading and trailing ", ["  two  "]],
  ] as const) {
    const token = await issuer.mint({ sub, groups, aud: ["airlock"] });
    const { status, body } = await get(gateway.url, "/config/a", {
      authorization: `Bearer ${token}`,
    });
    assert.equal(status, 200, body);
  }
  assert.equal(events.length, 3);
});

/** Who or what is refused, by AWS's word for it. */
const REFUSED: Record<string, [(t: TestContext) => Promise<Environment>, string]> = {
  "another role of the account": [
    (t) => agentOf(t, INVOKE_SESSIONS.otherRole),
    "AccessDeniedException",
  ],
  "a role that may call any API": [
    (t) => agentOf(t, INVOKE_SESSIONS.anyApi),
    "AccessDeniedException",
  ],
  "the same role's name in another account": [
    (t) => agentOf(t, INVOKE_SESSIONS.foreignAccount),
    "AccessDeniedException",
  ],
  "a secret that is another's": [
    (t) =>
      agentOf(t, {
        ...INVOKE_SESSIONS.gateway,
        secretAccessKey: INVOKE_SESSIONS.otherRole.secretAccessKey,
      }),
    "InvalidSignatureException",
  ],
  "a key that nobody knows": [
    (t) => agentOf(t, { ...INVOKE_SESSIONS.gateway, accessKeyId: "ASIAEXAMPLENOBODYS00" }),
    "UnrecognizedClientException",
  ],
  "another region": [
    async () => ({ EXECUTION_API_REGION: "us-east-1" }),
    "InvalidSignatureException",
  ],
  "another stage": [
    async () => ({ EXECUTION_API_URL: `${aws.url}/execute-api/dev` }),
    "ForbiddenException",
  ],
};

for (const [name, [envOf, errorType]] of Object.entries(REFUSED)) {
  test(`refused by the API: ${name}; a client is told 502, and the log ${errorType}`, async (t) => {
    const gateway = await start(t, await envOf(t));
    const reply = await get(gateway.url, "/config/a");
    assert.equal(reply.status, 502, reply.body);
    assert.doesNotMatch(reply.body, /arn:|111122223333|ASIA|Exception|Canonical/);
    const line = gateway.lines.find(({ path }) => path === "/config/a");
    assert.equal(line?.aws_error_type, errorType);
    assert.match(String(line?.aws_request_id), /^[\w-]{20,}$/);
    assert.equal(events.length, 0);
    const log = JSON.stringify(gateway.lines);
    for (const session of Object.values(INVOKE_SESSIONS)) {
      assert.ok(!log.includes(session.sessionToken) && !log.includes(session.secretAccessKey));
    }
    assert.doesNotMatch(log, /Canonical|arn:aws/);
  });
}

test("a machine whose clock is a quarter of an hour off: made good by STS's answers, or by the first refusal", async (t) => {
  aws.faults.set([{ kind: "clockSkewSeconds", seconds: 900 }]);
  const byRole = await start(t);
  assert.equal((await get(byRole.url, "/config/a")).status, 200);
  const byAgent = await start(t, await agentOf(t, INVOKE_SESSIONS.gateway));
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await get(byAgent.url, "/config/a")).status);
  assert.deepEqual(statuses, [502, 200, 200]);
});
