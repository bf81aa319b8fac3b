/** aux behind API Gateway: what is sent there signed, and what becomes of AWS's own answers. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Environment } from "@airlock/config";
import { Problem } from "@airlock/contract";
import { createAuthority } from "../../../packages/identity/test/certificates.ts";
import { startAgent, TOKEN } from "./execution-harness.ts";
import {
  get,
  json,
  type Reply,
  type Script,
  startGateway,
  startUpstream,
  until,
} from "./harness.ts";

async function start(t: TestContext, script: Script, env: Environment = {}, isDown = false) {
  const agent = await startAgent(t);
  agent.isDown = isDown;
  const api = await startUpstream(t, script);
  const gateway = await startGateway(t, "", {
    LAYER_AUTH: "sigv4",
    EXECUTION_API_URL: `${api.url}/prod/`,
    EXECUTION_API_REGION: "eu-west-1",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
    ...env,
  });
  const isReady = async () => (await get(gateway.url, "/readyz")).status === 200;
  if (!isDown) await until(isReady);
  return { agent, api, gateway, isReady };
}

const PROOF =
  /^AWS4-HMAC-SHA256 Credential=(\w+)\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=([\w;-]+), Signature=[0-9a-f]{64}$/;

function assertSigned({ headers }: IncomingMessage, host: string) {
  const [, keyId = "", names = ""] = PROOF.exec(headers.authorization ?? "") ?? assert.fail();
  assert.match(keyId, /^ASIAEXAMPLESESSION\d$/);
  const own = Object.keys(headers).filter((name) => /^(x-amz-|x-airlock-)/.test(name));
  for (const name of ["host", "x-request-id", ...own]) {
    assert.ok(names.split(";").includes(name), `${name} is not signed: ${names}`);
  }
  assert.equal(headers.host, host);
  assert.equal(headers["x-amz-security-token"], TOKEN);
  assert.equal(headers["x-airlock-layer"], undefined);
}

test("every kind of request goes to the API, signed, with the stage before its path", async (t) => {
  const { api, gateway } = await start(t, (request, response) => {
    if (request.url?.includes("/s3/objects")) return void response.end("bytes");
    response.setHeader("etag", '"2"');
    json({ name: "a", value: "b" })(request, response);
  });
  const forged = {
    authorization: "Bearer forged",
    "x-airlock-caller": "root",
    "x-airlock-signed": "x-airlock-caller",
    "x-amz-date": "20200101T000000Z",
    "x-amz-security-token": "forged",
    "x-amzn-errortype": "forged",
  };
  const post = await fetch(`${gateway.url}/config/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ names: ["/airlock/dev/a"] }),
  });
  assert.equal(post.status, 200);
  const statuses = [];
  for (const [path, headers] of [
    ["/config//airlock/dev/a", forged],
    ["/config?path=/airlock/dev", {}],
    ["/storage/my-bucket/folder/a%20b%2B%C3%A9", {}],
    ["/config/a?wait=1s", { "if-none-match": '"1"' }],
  ] as const) {
    statuses.push((await get(gateway.url, path, headers)).status);
  }
  assert.deepEqual(statuses, [200, 200, 200, 200]);
  const signed = "x-airlock-signed=x-airlock-client";
  assert.deepEqual(
    api.requests.map(({ method, url }) => `${method} ${url}`),
    [
      `POST /prod/parameters/batch?${signed}`,
      `GET /prod/parameters/airlock/dev/a?${signed}`,
      `GET /prod/parameters?path=/airlock/dev&${signed}`,
      `GET /prod/s3/objects?bucket=my-bucket&key=folder%2Fa%20b%2B%C3%A9&${signed}`,
      `GET /prod/parameters/a?wait=1s&${signed}`,
    ],
  );
  for (const request of api.requests) {
    assertSigned(request, `127.0.0.1:${api.port}`);
    assert.equal(request.headers["x-airlock-caller"], undefined);
    assert.equal(request.headers["x-airlock-signed"], undefined);
    assert.equal(request.headers["x-amzn-errortype"], undefined);
    assert.notEqual(request.headers["x-amz-date"], "20200101T000000Z");
  }
});

/** As iam-authorised REST APIs answer, with what AWS repeats of the request in their bodies. */
const DUMP = `The Canonical String for this request should have been 'x-amz-security-token:${TOKEN}' arn:aws:sts::111122223333:assumed-role/CANARY`;
const REFUSALS: readonly [status: number, errorType: string, expected: string][] = [
  [403, "MissingAuthenticationTokenException", "502 upstream_protocol_error"],
  [403, "IncompleteSignatureException", "502 upstream_protocol_error"],
  [403, "InvalidSignatureException", "502 upstream_protocol_error"],
  [403, "UnrecognizedClientException", "502 upstream_protocol_error"],
  [403, "ExpiredTokenException", "502 upstream_protocol_error"],
  [403, "AccessDeniedException", "502 upstream_protocol_error"],
  [403, "ForbiddenException", "502 upstream_protocol_error"],
  [401, "UnauthorizedException", "502 upstream_protocol_error"],
  [429, "TooManyRequestsException", "503 aws_throttled"],
  [429, "LimitExceededException", "503 aws_throttled"],
  [413, "RequestEntityTooLarge", "413 content_too_large"],
  [400, "BadRequestException", "400 upstream_rejected"],
  [500, "InternalFailure", "502 upstream_protocol_error"],
  [502, "InternalServerErrorException", "502 upstream_protocol_error"],
  [503, "ServiceUnavailableException", "503 upstream_unavailable"],
  [504, "InternalServerErrorException", "504 upstream_timeout"],
];
const AWS_REQUEST_ID = "8a1b2c3d-0000-4000-8000-aabbccddeeff";

function problemOf({ status, headers, body }: Reply): Problem {
  assert.equal(headers["content-type"], "application/problem+json; charset=utf-8", body);
  const problem = Problem.parse(JSON.parse(body));
  assert.equal(problem.status, status);
  return problem;
}

test("AWS's own answers are problems of ours: the status fits, its words and the session token are nowhere", async (t) => {
  const { api, gateway } = await start(t, json({}));
  for (const [status, errorType, expected] of REFUSALS) {
    for (const [type, suffix] of [
      ["application/json", ""],
      ["text/plain", ":http://internal.amazon.com/coral/com.amazon.coral.service/"],
      ["application/problem+json", ""],
    ] as const) {
      api.script = (_request, response) =>
        void response
          .writeHead(status, {
            "content-type": type,
            "x-amzn-errortype": errorType + suffix,
            "x-amzn-requestid": AWS_REQUEST_ID,
            "x-amz-apigw-id": "CANARY",
            "retry-after": "CANARY",
            "www-authenticate": "CANARY",
          })
          .end(JSON.stringify({ message: DUMP, code: "not_found", detail: DUMP }));
      const before = gateway.lines.length;
      const reply = await get(gateway.url, "/config/a");
      const { code } = problemOf(reply);
      assert.equal(`${reply.status} ${code}`, expected, errorType);
      assert.ok(!JSON.stringify(reply).includes("CANARY"), JSON.stringify(reply));
      if (reply.status === 503) assert.equal(reply.headers["retry-after"], "1");
      const access = gateway.lines.slice(before).find(({ msg }) => msg === "request");
      assert.equal(access?.aws_error_type, errorType);
      assert.equal(access?.aws_request_id, AWS_REQUEST_ID);
    }
  }
  assert.ok(!JSON.stringify(gateway.lines).includes("CANARY"));
  assert.equal(await gateway.metric("airlock_upstream_refused_by_aws_total"), REFUSALS.length * 3);
});

test("what AWS calls an error type is not believed to be a word", async (t) => {
  const { api, gateway } = await start(t, json({}));
  for (const errorType of ["CANARY word", "CANARY\ttab", "C".repeat(65), `CANARY${"é"}`, ":"]) {
    api.script = (_request, response) =>
      void response
        .writeHead(403, { "x-amzn-errortype": errorType, "x-amzn-requestid": `CANARY ${TOKEN}` })
        .end();
    assert.equal((await get(gateway.url, "/config/a")).status, 502);
  }
  const lines = gateway.lines.filter(({ msg }) => msg === "request");
  const types = lines.map(({ aws_error_type: type }) => type).filter((type) => type !== undefined);
  assert.deepEqual(types, Array(5).fill("unreadable"));
  assert.ok(!JSON.stringify(gateway.lines).includes("CANARY"));
});

test("aux's own refusal of the gateway is known by the header that the API renames", async (t) => {
  const { gateway } = await start(
    t,
    (_request, response) =>
      void response
        .writeHead(403, {
          "content-type": "application/problem+json",
          "x-amzn-remapped-www-authenticate": "Airlock-Layer",
        })
        .end(
          JSON.stringify({
            type: "urn:airlock:problem:access_denied",
            code: "access_denied",
            detail: "CANARY",
          }),
        ),
  );
  const reply = await get(gateway.url, "/config/a");
  assert.equal(problemOf(reply).code, "upstream_protocol_error");
  assert.equal(reply.status, 502);
});

test("aux's own answers pass as they do by the direct route", async (t) => {
  const { gateway } = await start(
    t,
    (_request, response) =>
      void response.writeHead(404, { "content-type": "application/problem+json" }).end(
        JSON.stringify({
          type: "urn:airlock:problem:parameter_not_found",
          code: "parameter_not_found",
          detail: "No parameter has this name.",
        }),
      ),
  );
  const reply = await get(gateway.url, "/config/a");
  assert.equal(`${reply.status} ${problemOf(reply).code}`, "404 parameter_not_found");
  assert.equal(await gateway.metric("airlock_upstream_refused_by_aws_total"), 0);
});

test("without a session: not ready, 503, nothing sent; and well as soon as there is one", async (t) => {
  const { agent, api, gateway, isReady } = await start(t, json({}), {}, true);
  await until(() => agent.asked > 0);
  assert.equal(await isReady(), false);
  const replies = await Promise.all(
    ["/config/a", "/config/a", "/config"].map((path) => get(gateway.url, path)),
  );
  for (const reply of replies) {
    assert.equal(`${reply.status} ${problemOf(reply).code}`, "503 credentials_unavailable");
    assert.equal(reply.headers["retry-after"], "1");
  }
  assert.equal(api.requests.length, 0);
  assert.equal(api.sockets.size, 0);
  assert.deepEqual(await gateway.outcomes(), { credentials: 3 });
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 0);
  assert.ok((await gateway.metric("airlock_aws_session_failed_refreshes")) > 0);
  agent.isDown = false;
  await until(isReady);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.ok((await gateway.metric("airlock_aws_session_expires_in_seconds")) > 3500);
});

test("a session that AWS does not take any more is replaced, and the next request is signed with the new one", async (t) => {
  const { agent, api, gateway } = await start(t, json({}));
  const answer = api.script;
  api.script = (_request, response) =>
    void response.writeHead(403, { "x-amzn-errortype": "ExpiredTokenException" }).end();
  assert.equal((await get(gateway.url, "/config/a")).status, 502);
  await until(() => agent.asked === 2);
  api.script = answer;
  await until(async () => {
    await get(gateway.url, "/config/a");
    return /SESSION2/.test(api.requests.at(-1)?.headers.authorization ?? "");
  });
});

test("a read that is sent again is signed again; one whose answer is a refusal is not sent again", async (t) => {
  const { api, gateway } = await start(t, (request) => void request.socket.destroy());
  assert.equal((await get(gateway.url, "/config/a")).status, 502);
  assert.equal(api.requests.length, 2);
  for (const request of api.requests) assertSigned(request, `127.0.0.1:${api.port}`);
  api.script = (_request, response) =>
    void response.writeHead(403, { "x-amzn-errortype": "AccessDeniedException" }).end();
  await get(gateway.url, "/config/a");
  assert.equal(api.requests.length, 3);
});

test("EXECUTION_ROUTES: the rest goes straight to aux, unsigned, with its service-account token", async (t) => {
  const folder = await mkdtemp("/tmp/airlock-route-");
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(`${folder}/token`, "a.b.c");
  const aux = await startUpstream(t, (request, response) => {
    if (request.url?.includes("/s3/objects")) return void response.end("bytes");
    response.setHeader("etag", '"2"');
    json({})(request, response);
  });
  const { api, gateway } = await start(t, json({}), {
    AUX_SERVICE_URL: aux.url,
    USE_API_GATEWAY: "on",
    EXECUTION_ROUTES: "value,list",
    LAYER_TOKEN_FILE: `${folder}/token`,
  });
  for (const path of ["/config/a", "/config", "/storage/my-bucket/a"]) {
    assert.equal((await get(gateway.url, path)).status, 200);
  }
  await get(gateway.url, "/config/b?wait=1s", { "if-none-match": '"1"' });
  const paths = (requests: readonly IncomingMessage[]) =>
    requests.map(({ url }) => url?.replace(/\?.*/, ""));
  assert.deepEqual(paths(api.requests), ["/prod/parameters/a", "/prod/parameters"]);
  assert.deepEqual(paths(aux.requests), ["/s3/objects", "/parameters/b"]);
  for (const { headers } of aux.requests) {
    assert.equal(headers["x-airlock-layer"], "a.b.c");
    assert.equal(headers.authorization, undefined);
    assert.equal(headers["x-amz-security-token"], undefined);
  }
});

test("over TLS: to the name that is signed, and to nobody who cannot prove to be it", async (t) => {
  const authority = createAuthority();
  const before = getCACertificates("default");
  setDefaultCACertificates([authority.cert]);
  t.after(() => setDefaultCACertificates(before));
  const agent = await startAgent(t);
  for (const [name, expected] of [
    ["localhost", 200],
    ["other.example.com", 503],
  ] as const) {
    const seen: IncomingMessage[] = [];
    const api = createTlsServer(authority.issue([name]), (request, response) => {
      seen.push(request);
      json({})(request, response);
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      api.closeAllConnections();
      api.close();
    });
    const { port } = api.address() as AddressInfo;
    const gateway = await startGateway(t, "", {
      LAYER_AUTH: "sigv4",
      EXECUTION_API_URL: `https://localhost:${port}/prod`,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
    });
    await until(async () => (await get(gateway.url, "/readyz")).status === 200);
    const reply = await get(gateway.url, "/config/a");
    assert.equal(reply.status, expected, reply.body);
    assert.deepEqual(
      seen.map(({ headers }) => headers.host),
      expected === 200 ? [`localhost:${port}`] : [],
    );
  }
});

test("two replicas that start at once have a session each", async (t) => {
  const agent = await startAgent(t);
  const api = await startUpstream(t, json({}));
  const env = {
    LAYER_AUTH: "sigv4",
    EXECUTION_API_URL: api.url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
  };
  const gateways = await Promise.all([startGateway(t, "", env), startGateway(t, "", env)]);
  for (const { url } of gateways) {
    await until(async () => (await get(url, "/readyz")).status === 200);
    assert.equal((await get(url, "/config/a")).status, 200);
  }
  assert.equal(agent.asked, 2);
  assert.deepEqual(
    api.requests.map(({ url }) => url?.replace(/\?.*/, "")),
    ["/parameters/a", "/parameters/a"],
  );
});
