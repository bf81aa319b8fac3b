/** Answers that STS would not give: each is right in all but one thing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createAwsLogin } from "@airlock/identity";
import { proofOf, REGION, ROLE, refusalOf, SERVER_ID } from "./aws-login-harness.ts";

const Arn = `arn:aws:sts::111122223333:assumed-role/${ROLE}/alice@example.com`;
const RESULT = { Account: "111122223333", Arn, UserId: "AROAEXAMPLE:alice@example.com" };
const ResponseMetadata = { RequestId: "00000000-0000-0000-0000-000000000000" };
const JSON_TYPE = "application/json";

const answerWith = (change: Partial<typeof RESULT>) => ({
  GetCallerIdentityResponse: {
    GetCallerIdentityResult: { ...RESULT, ...change },
    ResponseMetadata,
  },
});
const errorWith = (Code: string) => ({ Error: { Code, Message: "m", Type: "Sender" } });

/** A login that asks an STS which answers as `respond` does. */
async function loginAt(t: TestContext, respond: (response: ServerResponse) => void) {
  const sts = createServer((_request, response) => respond(response)).listen(0, "127.0.0.1");
  await once(sts, "listening");
  const login = createAwsLogin({
    serverId: SERVER_ID,
    allowedAccounts: ["111122223333"],
    allowedRole: ROLE,
    endpoint: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
    timeoutMs: 300,
  });
  t.after(async () => {
    await login.close();
    sts.closeAllConnections();
    sts.close();
  });
  return login;
}

const ANSWERS: readonly [name: string, status: number, type: string, body: unknown, is: string][] =
  [
    ["of the allowed role is believed", 200, JSON_TYPE, answerWith({}), "ok"],
    ["with another success status", 201, JSON_TYPE, answerWith({}), "503 sts_answer"],
    ["that calls itself HTML", 200, "text/html", answerWith({}), "503 sts_answer"],
    ["that only begins like JSON", 200, "application/jsonp", answerWith({}), "503 sts_answer"],
    ["that is no JSON", 200, JSON_TYPE, "<GetCallerIdentityResponse/>", "503 sts_answer"],
    ["with more beside it", 200, JSON_TYPE, { ...answerWith({}), More: 1 }, "503 sts_answer"],
    ["of another operation", 200, JSON_TYPE, { GetUserResponse: RESULT }, "503 sts_answer"],
    [
      "whose account is not the ARN's",
      200,
      JSON_TYPE,
      answerWith({ Account: "1" }),
      "403 principal",
    ],
    [
      "whose user id is of another session",
      200,
      JSON_TYPE,
      answerWith({ UserId: "AROAEXAMPLE:bob" }),
      "403 principal",
    ],
    [
      "whose ARN only ends like the right one",
      200,
      JSON_TYPE,
      answerWith({ Arn: `x${Arn}` }),
      "403 principal",
    ],
    [
      "whose ARN goes on after a line feed",
      200,
      JSON_TYPE,
      answerWith({ Arn: `${Arn}\nx` }),
      "403 principal",
    ],
    ["that is an error nobody can read", 403, "text/html", "<html>", "503 sts_answer"],
    ["that denies", 403, JSON_TYPE, errorWith("AccessDenied"), "401 sts_refused"],
    ["that throttles by status", 429, JSON_TYPE, errorWith("X"), "503 sts_unavailable"],
    ["that throttles by name", 400, JSON_TYPE, errorWith("Throttling"), "503 sts_unavailable"],
  ];
for (const [name, status, type, body, expected] of ANSWERS) {
  test(`an answer ${name}: ${expected}`, async (t) => {
    const login = await loginAt(t, (response) => {
      response.writeHead(status, { "content-type": type });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    const result = await login.verify(proofOf());
    assert.equal(result.ok ? "ok" : refusalOf(result), expected);
  });
}

test("an answer that comes drop by drop ends with the time", async (t) => {
  let timer: NodeJS.Timeout | undefined;
  const login = await loginAt(t, (response) => {
    response.writeHead(200, { "content-type": JSON_TYPE });
    timer = setInterval(() => response.write(" "), 20);
    response.once("close", () => clearInterval(timer));
  });
  const startedMs = performance.now();
  assert.equal(refusalOf(await login.verifyKeys(KEYS, REGION)), "503 sts_unavailable");
  assert.ok(performance.now() - startedMs < 1500, "five times what was promised");
});

test("an answer without an end is not read on", { timeout: 10_000 }, async (t) => {
  const closed = Promise.withResolvers<void>();
  const login = await loginAt(t, (response) => {
    response.writeHead(200, { "content-type": JSON_TYPE });
    const pour = () => {
      while (response.write(" ".repeat(65_536)));
    };
    response.on("drain", pour).once("close", closed.resolve);
    pour();
  });
  assert.equal(refusalOf(await login.verifyKeys(KEYS, REGION)), "503 sts_answer");
  await closed.promise;
});

const KEYS = { accessKeyId: "ASIAEXAMPLEGPULOGI01", secretAccessKey: "x".repeat(40) };
