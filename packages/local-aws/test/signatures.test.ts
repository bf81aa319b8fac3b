// Who is let in: signatures, tokens, clocks, and what each principal may do.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import { ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { DescribeParametersCommand, GetParameterCommand } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../src/auth/verify-signature.ts";
import { BASE_KEYS, refused, useBench } from "./harness.ts";

const bench = useBench();
const MINUTE_MS = 60_000;
const host = { Name: "/airlock/dev/database/host" };

/** A way to change a request after it was signed. */
type Tamper = (request: { path: string; headers: Record<string, string>; body?: unknown }) => void;

/** Adds the change behind the signing step of any SDK client. */
function tampered<T extends { middlewareStack: unknown }>(client: T, change: Tamper): T {
  const stack = client.middlewareStack as {
    add(middleware: unknown, options: object): void;
  };
  const middleware = (next: (args: unknown) => unknown) => (args: { request: never }) => {
    change(args.request);
    return next(args);
  };
  stack.add(middleware, { step: "finalizeRequest", priority: "low", name: "tamper" });
  return client;
}

test("the base user may call STS and nothing else", async () => {
  await bench.sts().send(new GetCallerIdentityCommand({}));
  const s3 = await refused(
    bench.s3(BASE_KEYS).send(new ListBucketsCommand({})),
    "AccessDenied",
    403,
  );
  assert.match(s3.message, /airlock-base-dev is not authorized to perform: s3:ListAllMyBuckets/);
  const ssm = await refused(
    bench.ssm(BASE_KEYS).send(new GetParameterCommand(host)),
    "AccessDeniedException",
    400,
  );
  assert.match(
    ssm.message,
    /ssm:GetParameter on resource: .*:parameter\/airlock\/dev\/database\/host/,
  );
});

test("a wrong secret is refused in the words of each service", async () => {
  const wrong = { secretAccessKey: "not-the-secret" };
  await refused(
    bench.sts({ ...BASE_KEYS, ...wrong }).send(new GetCallerIdentityCommand({})),
    "SignatureDoesNotMatch",
    403,
  );
  await refused(
    bench.s3({ ...bench.session, ...wrong }).send(new ListBucketsCommand({})),
    "SignatureDoesNotMatch",
    403,
  );
  await refused(
    bench.ssm({ ...bench.session, ...wrong }).send(new GetParameterCommand(host)),
    "InvalidSignatureException",
    400,
  );
});

test("an unknown access key is refused in the words of each service", async () => {
  const strange = { accessKeyId: "AKIAEXAMPLEUNKNOWN01", secretAccessKey: "unknown" };
  await refused(
    bench.sts(strange).send(new GetCallerIdentityCommand({})),
    "InvalidClientTokenId",
    403,
  );
  await refused(bench.s3(strange).send(new ListBucketsCommand({})), "InvalidAccessKeyId", 403);
  await refused(
    bench.ssm(strange).send(new GetParameterCommand(host)),
    "UnrecognizedClientException",
    400,
  );
});

test("session keys are refused without their token or with another one", async () => {
  const { accessKeyId, secretAccessKey } = bench.session;
  await refused(
    bench.ssm({ accessKeyId, secretAccessKey }).send(new GetParameterCommand(host)),
    "UnrecognizedClientException",
    400,
  );
  const foreign = { accessKeyId, secretAccessKey, sessionToken: "another-token" };
  await refused(bench.s3(foreign).send(new ListBucketsCommand({})), "InvalidToken", 400);
});

test("an expired session is refused in the words of each service", async () => {
  const keys = await bench.assumeRole();
  // Both clocks have moved on, so only the session is too old.
  bench.clockAheadMs = 61 * MINUTE_MS;
  const systemClockOffset = bench.clockAheadMs;
  const late = <T extends { config: object }>(client: T): T => {
    Object.assign(client.config, { systemClockOffset });
    return client;
  };
  await refused(late(bench.sts(keys)).send(new GetCallerIdentityCommand({})), "ExpiredToken", 403);
  await refused(late(bench.s3(keys)).send(new ListBucketsCommand({})), "ExpiredToken", 400);
  await refused(
    late(bench.ssm(keys)).send(new GetParameterCommand(host)),
    "ExpiredTokenException",
    400,
  );
});

test("a body changed after signing is refused", async () => {
  const ssm = tampered(bench.ssm(), (request) => {
    // Of the same length: another one would already break the framing.
    request.body = JSON.stringify({ Name: host.Name.replace("host", "port") });
  });
  await refused(ssm.send(new GetParameterCommand(host)), "InvalidSignatureException", 400);
  const s3 = tampered(bench.s3(), (request) => {
    request.body = "evil";
  });
  await refused(
    s3.send(new PutObjectCommand({ Bucket: "airlock-data-dev", Key: "k", Body: "good" })),
    "XAmzContentSHA256Mismatch",
    400,
  );
});

test("a path, a target or a token changed after signing is refused", async () => {
  const otherBucket = tampered(bench.s3(), (request) => {
    request.path = request.path.replace("data", "logs");
  });
  await refused(
    otherBucket.send(new PutObjectCommand({ Bucket: "airlock-data-dev", Key: "k", Body: "x" })),
    "SignatureDoesNotMatch",
    403,
  );
  const otherTarget = tampered(bench.ssm(), (request) => {
    request.headers["x-amz-target"] = "AmazonSSM.DeleteParameter";
  });
  await refused(otherTarget.send(new GetParameterCommand(host)), "InvalidSignatureException", 400);
});

test("an x-amz header added after signing is refused", async () => {
  const s3 = tampered(bench.s3(), (request) => {
    request.headers["x-amz-acl"] = "public-read";
  });
  await refused(s3.send(new ListBucketsCommand({})), "AccessDenied", 403);
});

test("STS and SSM refuse clocks more than five minutes apart, either way", async () => {
  for (const minutes of [6, -6]) {
    bench.clockAheadMs = minutes * MINUTE_MS;
    const sts = await refused(
      bench.sts().send(new GetCallerIdentityCommand({})),
      "SignatureDoesNotMatch",
      403,
    );
    assert.match(
      sts.message,
      minutes > 0 ? /^Signature expired: / : /^Signature not yet current: /,
    );
    await refused(
      bench.ssm().send(new DescribeParametersCommand({})),
      "InvalidSignatureException",
      400,
    );
  }
  bench.clockAheadMs = 4 * MINUTE_MS;
  await bench.sts().send(new GetCallerIdentityCommand({}));
});

test("S3 refuses clocks more than fifteen minutes apart", async () => {
  bench.clockAheadMs = -14 * MINUTE_MS;
  await bench.s3().send(new ListBucketsCommand({}));
  bench.clockAheadMs = -16 * MINUTE_MS;
  await refused(bench.s3().send(new ListBucketsCommand({})), "RequestTimeTooSkewed", 403);
});

test("unsigned calls are refused, each service in its own form", async () => {
  const s3 = await fetch(`${bench.aws.url}/airlock-data-dev?list-type=2`);
  assert.equal(s3.status, 403);
  assert.match(await s3.text(), /<Error><Code>AccessDenied<\/Code>/);
  const ssm = await fetch(bench.aws.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AmazonSSM.GetParameter",
    },
    body: JSON.stringify(host),
  });
  assert.equal(ssm.status, 400);
  assert.match(await ssm.text(), /"__type":"MissingAuthenticationTokenException"/);
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const sts = await fetch(bench.aws.url, { method: "POST", headers, body });
  assert.equal(sts.status, 403);
  assert.match(await sts.text(), /<Code>MissingAuthenticationToken<\/Code>/);
});

/** A presigned request, made by the signing library alone; a GET in the usual region unless said otherwise. */
async function presigned(
  service: string,
  path: string,
  query: Record<string, string> = {},
  { method = "GET", region = LOCAL_AWS.region as string } = {},
) {
  const { host: netloc, hostname, port } = new URL(bench.aws.url);
  const credentials = service === "sts" ? BASE_KEYS : bench.session;
  const signer = new SignatureV4({
    credentials,
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
  const unsigned = { method, protocol: "http:", hostname, port: Number(port), path, query };
  // S3 signs its URLs before any body exists.
  const payload = service === "s3" ? { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } : {};
  const headers = { host: netloc, ...payload };
  const { query: signed } = await signer.presign({ ...unsigned, headers }, { expiresIn: 60 });
  return `${bench.aws.url}${path}?${new URLSearchParams(signed as Record<string, string>)}`;
}

test("a presigned URL opens what it was made for, until it expires", async () => {
  const identity = { Action: "GetCallerIdentity", Version: "2011-06-15" };
  const sts = await fetch(await presigned("sts", "/", identity));
  assert.match(await sts.text(), /<Arn>arn:aws:iam::111122223333:user\/airlock-base-dev<\/Arn>/);
  const url = await presigned("s3", "/airlock-data-dev/readme.txt");
  assert.equal(await (await fetch(url)).text(), "Seed data of the local stand-in.\n");
  assert.equal((await fetch(url.replace("readme", "other"))).status, 403);
  bench.clockAheadMs = 2 * MINUTE_MS;
  const expired = await fetch(url);
  assert.equal(expired.status, 403);
  assert.match(await expired.text(), /Request has expired/);
});

test("a URL presigned for a region that AWS does not have names the one that is expected", async () => {
  const path = "/airlock-data-dev/readme.txt";
  const answer = await fetch(await presigned("s3", path, {}, { region: "nowhere" }));
  const body = await answer.text();
  assert.equal(answer.status, 400, body);
  assert.match(body, /<Code>AuthorizationQueryParametersError<.*<Region>eu-west-1</s);
});

test("an upload says its length first, at a presigned URL too", async () => {
  const url = await presigned("s3", "/airlock-data-dev/told", {}, { method: "PUT" });
  const put = async (headers: Record<string, string | number>, body = "") => {
    const sent = request(url, { method: "PUT", headers });
    if (body === "")
      for (const name of ["content-length", "transfer-encoding"]) sent.removeHeader(name);
    sent.end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    return [answer.statusCode, /<Code>(\w+)/.exec(await text(answer))?.[1]];
  };
  assert.deepEqual(await put({ "content-length": 3 }, "abc"), [200, undefined]);
  assert.deepEqual(await put({ "transfer-encoding": "chunked" }, "abc"), [501, "NotImplemented"]);
  assert.deepEqual(await put({}), [411, "MissingContentLength"]);
});

test("an Authorization header of another form is refused", async () => {
  const answer = await fetch(bench.aws.url, { headers: { authorization: "Bearer abc" } });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /AuthorizationHeaderMalformed/);
});

test("every answer carries a request id and the server's date", async () => {
  const s3 = await bench.s3().send(new ListBucketsCommand({}));
  assert.match(s3.$metadata.requestId ?? "", /^[0-9A-F]{16}$/);
  const sts = await bench
    .sts()
    .send(new AssumeRoleCommand({ RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "ids" }));
  assert.match(sts.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
  bench.clockAheadMs = 30 * MINUTE_MS;
  const raw = await fetch(bench.aws.url);
  const date = Date.parse(raw.headers.get("date") ?? "");
  assert.ok(Math.abs(date - Date.now() - bench.clockAheadMs) < 5000, String(date));
});
