// Who and what the execution API lets through, and in which words it refuses the rest.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  awslambda,
  INVOKE_SESSIONS,
  type LocalAws,
  serveFunction,
  startLocalAws,
  WRITER_SESSION,
} from "@airlock/local-aws";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { evaluate, type Policy, UnknownPolicyForm } from "../src/execute-api/policy.ts";
import { type CallOptions, callApi, wordsOf } from "./execute-api-client.ts";
import { refused as sdkRefused } from "./harness.ts";

describe("the execution API", () => {
  const MINUTE_MS = 60_000;
  let aws: LocalAws;
  let stop: () => void;
  /** What the function has been told, newest last. */
  let events: Record<string, never>[] = [];

  /** Answers with what it is told, in the form that the API wants of the method. */
  const echo = awslambda.streamifyResponse(async (event, stream) => {
    const told = event as Record<string, never>;
    events.push(told);
    const body = `echo of ${told.path}`;
    if (told.httpMethod === "POST") {
      const base64 = Buffer.from(body).toString("base64");
      stream.end(JSON.stringify({ statusCode: 201, body: base64, isBase64Encoded: true }));
      return;
    }
    const head = { statusCode: 200, headers: { "content-type": "text/plain", date: "never" } };
    awslambda.HttpResponseStream.from(stream, head).end(told.httpMethod === "HEAD" ? "" : body);
  });

  before(async () => {
    aws = await startLocalAws({ executeApiLimits: { bufferedMs: 300, streamedMs: 300 } });
    stop = serveFunction(echo, { host: `127.0.0.1:${aws.port}` });
  });
  beforeEach(() => {
    events = [];
    aws.faults.clear();
  });
  after(async () => {
    stop();
    await aws.close();
  });

  const call = (path: string, options?: CallOptions) => callApi(aws.url, path, options);
  const MISSING =
    '403 MissingAuthenticationTokenException {"message":"Missing Authentication Token"}';

  async function refused(
    path: string,
    options: CallOptions,
    words: string | RegExp,
  ): Promise<void> {
    const said = wordsOf(await call(path, options));
    if (typeof words === "string") assert.equal(said, words);
    else assert.match(said, words);
    assert.equal(events.length, 0, "the function was not asked");
  }

  test("the gateway's role may call what the API's policy lists, streamed and buffered", async () => {
    const read = await call("/parameters/my-parameter?decrypt=false");
    assert.equal(read.status, 200, String(read.body));
    assert.equal(String(read.body), "echo of /parameters/my-parameter");
    assert.equal(read.headers["x-amzn-remapped-date"], "never");
    const batch = await call("/parameters/batch", { method: "POST", body: "{}" });
    assert.equal(`${batch.status} ${batch.body}`, "201 echo of /parameters/batch");
    const head = await call("/s3/objects?bucket=b&key=k", { method: "HEAD" });
    assert.equal(head.status, 200);
  });

  test("the function is told the path as it came, and the query decoded, all values of it", async () => {
    await call("/s3/objects?bucket=b&key=a%2Bb%2F%C3%A9%25&x=1&x=2");
    await call("/parameters/a%2Fb%252F");
    const [first = {}, second] = events;
    assert.deepEqual(first.multiValueQueryStringParameters, {
      bucket: ["b"],
      key: ["a+b/é%"],
      x: ["1", "2"],
    });
    assert.equal(second?.path, "/parameters/a%2Fb%252F");
    assert.equal(second?.resource, "/{proxy+}");
    const { identity } = first.requestContext as unknown as { identity: { userArn: string } };
    assert.equal(
      identity.userArn,
      "arn:aws:sts::111122223333:assumed-role/airlock-gateway-role-dev/gateway",
    );
  });

  test("without a signature, and what there is not: Missing Authentication Token", async () => {
    await refused("/parameters/x", { keys: undefined }, MISSING);
    await refused("/", {}, MISSING);
    await refused("/parameters/x", { method: "PUT" }, MISSING);
  });

  test("an Authorization header that is no signature, or not all of one", async () => {
    const keys = undefined;
    const bearer = { keys, headers: { authorization: "Bearer abc" } };
    const digest = createHash("sha256").update("Bearer abc").digest("base64");
    const message = `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${digest}'.`;
    await refused(
      "/parameters/x",
      bearer,
      `403 IncompleteSignatureException {"message":"${message}"}`,
    );
    const half = {
      authorization: "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/execute-api/aws4_request",
    };
    await refused(
      "/parameters/x",
      { keys, headers: half },
      /requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. .*'X-Amz-Date' or a 'Date'/,
    );
  });

  test("a key that nobody knows, a session that has ended, another one's token", async () => {
    const { gateway } = INVOKE_SESSIONS;
    const unknown = { ...gateway, accessKeyId: "ASIAEXAMPLEUNKNOWN01" };
    const invalid =
      /^403 UnrecognizedClientException .*The security token included in the request is invalid/;
    await refused("/parameters/x", { keys: unknown }, invalid);
    await refused(
      "/parameters/x",
      { keys: { ...gateway, sessionToken: WRITER_SESSION.sessionToken } },
      invalid,
    );
  });

  test("the wrong secret: the API shows its canonical text, with the session token in it", async () => {
    const keys = { ...INVOKE_SESSIONS.gateway, secretAccessKey: "wrong" };
    const { body } = await call("/parameters/x", { keys });
    assert.match(String(body), /The request signature we calculated does not match/);
    assert.match(String(body), new RegExp(`x-amz-security-token:${keys.sessionToken}`));
  });

  const MISMATCH =
    /^403 InvalidSignatureException .*The request signature we calculated does not match/;

  for (const [what, options] of Object.entries({
    path: { changed: { path: "/parameters/other" } },
    query: { changed: { path: "/parameters/x?decrypt=true" } },
    method: { changed: { method: "POST" } },
    header: {
      headers: { "x-airlock-caller": "alice" },
      changed: { headers: { "x-airlock-caller": "mallory" } },
    },
    body: { method: "POST", body: "{}", changed: { body: "{ }" } },
  }) satisfies [string, CallOptions][]) {
    test(`a changed ${what} is not what was signed`, () =>
      refused("/parameters/x", options, MISMATCH));
  }

  test("a scope of another region, or of another service", async () => {
    await refused(
      "/parameters/x",
      { region: "us-east-1" },
      /^403 InvalidSignatureException .*valid region, not 'us-east-1'/,
    );
    await refused(
      "/parameters/x",
      { service: "s3" },
      /^403 InvalidSignatureException .*correct service: 'execute-api'/,
    );
  });

  test("a clock that is six minutes off", async () => {
    const at = (minutes: number) => ({ date: new Date(Date.now() + minutes * MINUTE_MS) });
    await refused(
      "/parameters/x",
      at(-6),
      /^403 InvalidSignatureException .*Signature expired: .* is now earlier than .* - 5 min/,
    );
    await refused(
      "/parameters/x",
      at(6),
      /^403 InvalidSignatureException .*Signature not yet current/,
    );
    assert.equal((await call("/parameters/x", at(-4))).status, 200);
  });

  const DENIED = (who: string, method: string) =>
    `403 AccessDeniedException {"Message":"User: arn:aws:sts::${who} is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********3333:a1b2c3d4e5/prod/${method} with an explicit deny"}`;

  test("another role, even one that may call any API, and the same name in another account", async () => {
    const { anyApi, otherRole, foreignAccount } = INVOKE_SESSIONS;
    for (const keys of [anyApi, otherRole, foreignAccount]) {
      const who = keys.arn.slice("arn:aws:sts::".length);
      await refused("/parameters/x", { keys }, DENIED(who, "GET/parameters/x"));
    }
  });

  test("the right role may not call what the list has not", async () => {
    const who = "111122223333:assumed-role/airlock-gateway-role-dev/gateway";
    await refused("/health", {}, DENIED(who, "GET/health"));
    await refused("/parameters/x", { method: "POST" }, DENIED(who, "POST/parameters/x"));
    assert.equal((await call("/livez")).status, 200);
  });

  test("the invoke-only role gets nothing of S3 and SSM", async () => {
    const config = { endpoint: aws.url, region: "eu-west-1", credentials: INVOKE_SESSIONS.gateway };
    const s3 = new S3Client({ ...config, maxAttempts: 1 });
    await sdkRefused(s3.send(new ListBucketsCommand({})), "AccessDenied", 403);
    const ssm = new SSMClient({ ...config, maxAttempts: 1 });
    const command = new GetParameterCommand({ Name: "my-parameter" });
    await sdkRefused(ssm.send(command), "AccessDeniedException", 400);
    for (const client of [s3, ssm]) client.destroy();
  });

  test("a function that has crashed, is late or answers nonsense", async () => {
    stop();
    const started: string[] = [];
    const handler = awslambda.streamifyResponse(async (event, stream) => {
      const { path } = event as { path: string };
      if (path.endsWith("crash")) throw new Error("planted");
      if (path.endsWith("nonsense")) return void stream.end("nonsense");
      started.push(path);
      if (path.endsWith("late")) await new Promise((resolve) => setTimeout(resolve, 600));
      stream.end("{}");
    });
    const end = serveFunction(handler, { host: `127.0.0.1:${aws.port}`, places: 4 });
    const failed = '502 InternalServerErrorException {"message": "Internal server error"}';
    assert.equal(wordsOf(await call("/parameters/crash")), failed);
    assert.equal(wordsOf(await call("/parameters/nonsense")), failed);
    const late = '504 InternalServerErrorException {"message": "Endpoint request timed out"}';
    assert.equal(wordsOf(await call("/parameters/late")), late);
    const killed = call("/parameters/late");
    const isRunning = () => started.filter((path) => path.endsWith("late")).length === 2;
    while (!isRunning()) await new Promise((resolve) => setImmediate(resolve));
    end(); // its connections with it
    assert.equal(wordsOf(await killed), failed);
    stop = serveFunction(echo, { host: `127.0.0.1:${aws.port}` });
  });

  test("faults: throttled, failing, lost behind the function, cut", async () => {
    const service = "execute-api";
    const set = (fault: Parameters<LocalAws["faults"]["set"]>[0][number]) =>
      aws.faults.set([fault]);
    set({ kind: "throttle", service });
    const many = '429 TooManyRequestsException {"message":"Too Many Requests"}';
    assert.equal(wordsOf(await call("/parameters/x")), many);
    set({ kind: "error500", service });
    assert.equal((await call("/parameters/x")).status, 502);
    set({ kind: "refuse", service, code: "ForbiddenException", status: 403 });
    assert.match(wordsOf(await call("/parameters/x")), /^403 ForbiddenException/);
    set({ kind: "reset", service });
    await assert.rejects(call("/parameters/x"));
    assert.equal(events.length, 0);
    set({ kind: "lose", count: 1 });
    await assert.rejects(call("/parameters/batch", { method: "POST", body: "{}" }));
    assert.equal(events.length, 1, "the function has been asked");
    set({ kind: "lose", afterBytes: 4 });
    await assert.rejects(call("/parameters/x"));
  });

  test("headers of more than 10,240 bytes together", async () => {
    const { status } = await call("/parameters/x", { headers: { "x-filler": "f".repeat(10_240) } });
    assert.equal(status, 431);
    assert.equal(events.length, 0);
  });

  test("a request of more than 10 MB", async () => {
    const body = "x".repeat(10 * 1024 * 1024 + 1);
    const tooLong = '413 RequestEntityTooLarge {"message":"Request Too Long"}';
    assert.equal(wordsOf(await call("/parameters/batch", { method: "POST", body })), tooLong);
  });
});

const ROLE = "arn:aws:iam::111122223333:role/gateway";
const API = "arn:aws:execute-api:eu-west-1:111122223333:abc";

/** What the policies say of GET /x by the role, in this account unless another is named. */
function verdict(
  ofResource: Record<string, unknown>,
  ofIdentity: Record<string, unknown>[] = [],
  account = "111122223333",
) {
  const policy = (...Statement: Record<string, unknown>[]): Policy => ({
    Version: "2012-10-17",
    Statement,
  });
  const base = { Effect: "Allow", Action: "execute-api:Invoke", Resource: `${API}/prod/GET/x` };
  return evaluate({
    resourcePolicy: policy({ Principal: { AWS: ROLE }, ...base, ...ofResource }),
    identityPolicies: ofIdentity.map((statement) => policy({ ...base, ...statement })),
    principal: { arn: ROLE.replace("111122223333", account), account },
    resourceAccount: "111122223333",
    action: "execute-api:Invoke",
    resource: `${API}/prod/GET/x`,
    context: { "aws:PrincipalArn": ROLE, "aws:SecureTransport": "true" },
  });
}

test("policies: actions have no case", () => {
  for (const Action of ["Execute-API:invoke", "EXECUTE-API:*"]) {
    assert.equal(verdict({ Effect: "Deny", Action }), "explicitDeny", Action);
  }
});

test("policies: an account needs one side to allow, two accounts both, and a deny wins", () => {
  const nobody = { Principal: { AWS: `${ROLE}-other` } };
  const deny = { Effect: "Deny", Principal: "*" };
  assert.equal(verdict({}), "allowed");
  assert.equal(verdict(nobody), "implicitDeny");
  assert.equal(verdict(nobody, [{}]), "allowed");
  assert.equal(verdict({ Principal: "*" }, [], "444455556666"), "implicitDeny");
  assert.equal(verdict({ Principal: "*" }, [{}], "444455556666"), "allowed");
  assert.equal(verdict(deny, [{}]), "explicitDeny");
  assert.equal(verdict({}, [{ Effect: "Deny" }]), "explicitDeny");
  assert.equal(verdict({ Resource: `${API}/prod/*` }), "allowed");
  assert.equal(verdict({ Resource: `${API}/prod/GET/?` }), "allowed");
  assert.equal(verdict({ Resource: `${API}/dev/*` }), "implicitDeny");
  const others = { Resource: undefined, NotResource: [`${API}/prod/GET/y`] };
  assert.equal(verdict({ ...deny, ...others }), "explicitDeny");
  const when = (Condition: object) => verdict({ ...deny, Condition }, [{}]);
  assert.equal(when({ StringNotEquals: { "aws:PrincipalArn": [ROLE, "x"] } }), "allowed");
  assert.equal(when({ StringNotEquals: { "aws:SourceVpce": "vpce-1" } }), "explicitDeny");
  assert.equal(when({ StringEquals: { "aws:SourceVpce": "vpce-1" } }), "allowed");
  assert.equal(when({ Bool: { "aws:SecureTransport": "false" } }), "allowed");
});

test("policies: what is not known is refused, wherever it stands", () => {
  for (const statement of [
    { NotPrincipal: { AWS: ROLE } },
    { NotAction: "execute-api:Invoke" },
    { Effect: "allow" },
    { Principal: { Service: "apigateway.amazonaws.com" } },
    { Principal: { AWS: "arn:aws:sts::111122223333:assumed-role/gateway/x" } },
    { Principal: { AWS: "arn:aws:iam::111122223333:role/*" } },
    { Principal: { AWS: "111122223333" } },
    { NotResource: "x" },
    { Resource: undefined },
    { Resource: `${API}/\${aws:username}` },
    { Action: [] },
    { Condition: { StringLike: { "aws:PrincipalArn": "*" } } },
    { Condition: { StringEquals: { "aws:SourceIp": "1" } } },
    // of a statement that is about somebody else as well
    { Principal: { AWS: `${ROLE}-other` }, Condition: { IpAddress: {} } },
  ]) {
    assert.throws(() => verdict(statement), UnknownPolicyForm, JSON.stringify(statement));
  }
});
