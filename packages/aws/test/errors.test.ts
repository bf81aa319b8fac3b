/** The whole list of AWS's errors, each by the wire and the real SDK, and the word that it becomes. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ProblemCode } from "@airlock/contract";
import type { FaultInput } from "@airlock/local-aws";
import { isOutage, translateAwsError } from "../src/errors.ts";
import { PLAIN_FORM, problemOf, type Rig, startReadyRig, startRig, until } from "./harness.ts";

type Row = readonly [name: string, status: number, code: ProblemCode];

/** What a read may be answered: S3's list of error codes, the common ones, and KMS's as S3 tells them. */
const S3: readonly Row[] = [
  ["AccessDenied", 403, "access_denied"],
  ["AccessPointNotOwnedByYou", 403, "access_denied"],
  ["AccountProblem", 403, "access_denied"],
  ["AllAccessDisabled", 403, "access_denied"],
  ["AuthorizationHeaderMalformed", 400, "aws_error"],
  ["BandwidthLimitExceeded", 503, "aws_throttled"],
  ["Busy", 503, "aws_throttled"],
  ["CredentialsNotSupported", 400, "credentials_unavailable"],
  ["ExpiredToken", 400, "credentials_unavailable"],
  ["InternalError", 500, "aws_error"],
  ["InvalidAccessKeyId", 403, "credentials_unavailable"],
  ["InvalidAccessPointAliasError", 400, "aws_rejected_request"],
  ["InvalidArgument", 400, "aws_rejected_request"],
  ["InvalidBucketName", 400, "aws_rejected_request"],
  ["InvalidBucketState", 409, "aws_rejected_request"],
  ["InvalidEncryptionAlgorithmError", 400, "aws_rejected_request"],
  ["InvalidObjectState", 403, "object_archived"],
  ["InvalidPayer", 403, "access_denied"],
  ["InvalidRequest", 400, "aws_rejected_request"],
  ["InvalidSecurity", 403, "credentials_unavailable"],
  ["InvalidToken", 400, "credentials_unavailable"],
  ["InvalidURI", 400, "aws_rejected_request"],
  ["KMS.AccessDeniedException", 403, "access_denied"],
  ["KMS.DependencyTimeoutException", 500, "aws_error"],
  ["KMS.DisabledException", 400, "kms_key_unusable"],
  ["KMS.IncorrectKeyException", 400, "kms_key_unusable"],
  ["KMS.InvalidCiphertextException", 400, "kms_key_unusable"],
  ["KMS.InvalidGrantTokenException", 400, "kms_key_unusable"],
  ["KMS.InvalidKeyUsageException", 400, "kms_key_unusable"],
  ["KMS.KMSInternalException", 500, "aws_error"],
  ["KMS.KMSInvalidStateException", 400, "kms_key_unusable"],
  ["KMS.KeyUnavailableException", 500, "aws_error"],
  ["KMS.LimitExceededException", 400, "aws_throttled"],
  ["KMS.NotFoundException", 400, "kms_key_unusable"],
  ["KMS.ThrottlingException", 400, "aws_throttled"],
  ["KeyTooLongError", 400, "aws_rejected_request"],
  ["MethodNotAllowed", 405, "aws_rejected_request"],
  ["MissingSecurityHeader", 400, "credentials_unavailable"],
  ["NoSuchAccessPoint", 404, "bucket_not_found"],
  ["NoSuchBucket", 404, "bucket_not_found"],
  ["NoSuchKey", 404, "object_not_found"],
  ["NoSuchVersion", 404, "object_not_found"],
  ["NotImplemented", 501, "aws_rejected_request"],
  ["NotSignedUp", 403, "access_denied"],
  ["OperationAborted", 409, "aws_error"],
  ["OptInRequired", 403, "access_denied"],
  ["PermanentRedirect", 301, "aws_error"],
  ["Redirect", 307, "aws_error"],
  ["RequestExpired", 400, "credentials_unavailable"],
  ["RequestTimeTooSkewed", 403, "credentials_unavailable"],
  ["RequestTimeout", 400, "aws_timeout"],
  ["ServiceUnavailable", 503, "aws_throttled"],
  ["SignatureDoesNotMatch", 403, "credentials_unavailable"],
  ["SlowDown", 503, "aws_throttled"],
  ["SomethingNew", 400, "aws_error"],
  ["SomethingNew", 403, "aws_error"],
  ["SomethingNew", 404, "aws_error"],
  ["TemporaryRedirect", 307, "aws_error"],
  ["TokenRefreshRequired", 400, "credentials_unavailable"],
  ["UserKeyMustBeSpecified", 400, "aws_rejected_request"],
  ["constructor", 400, "aws_error"],
];

/** What the SDK's list names beside: conditions that have tests of their own, and errors of writing. */
const NOT_REFUSALS_OF_READS = new Set(
  `InvalidRange PreconditionFailed
  AmbiguousGrantByEmailAddress BadDigest BucketAlreadyExists BucketAlreadyOwnedByYou BucketNotEmpty
  CrossLocationLoggingProhibited EntityTooLarge EntityTooSmall IllegalVersioningConfigurationException
  IncompleteBody IncorrectNumberOfFilesInPostRequest InlineDataTooLarge InvalidAddressingHeader
  InvalidDigest InvalidLocationConstraint InvalidPart InvalidPartOrder InvalidPolicyDocument
  InvalidSOAPRequest InvalidStorageClass InvalidTargetBucketForLogging MalformedACLError
  MalformedPOSTRequest MalformedXML MaxMessageLengthExceeded MaxPostPreDataLengthExceededError
  MetadataTooLarge MissingAttachment MissingContentLength MissingRequestBodyError
  MissingSecurityElement NoLoggingStatusForKey NoSuchBucketPolicy NoSuchLifecycleConfiguration
  NoSuchUpload RequestIsNotMultiPartContent RequestTorrentOfBucketError RestoreAlreadyInProgress
  TooManyBuckets UnexpectedContent UnresolvableGrantByEmailAddress`.split(/\s+/),
);

const SSM: readonly Row[] = [
  ["AccessDeniedException", 400, "access_denied"],
  ["AuthFailure", 401, "credentials_unavailable"],
  ["ExpiredTokenException", 400, "credentials_unavailable"],
  ["IncompleteSignature", 400, "credentials_unavailable"],
  ["IncompleteSignatureException", 400, "credentials_unavailable"],
  ["InternalFailure", 500, "aws_error"],
  ["InternalServerError", 500, "aws_error"],
  ["InvalidClientTokenId", 403, "credentials_unavailable"],
  ["InvalidFilterKey", 400, "aws_rejected_request"],
  ["InvalidFilterOption", 400, "aws_rejected_request"],
  ["InvalidFilterValue", 400, "aws_rejected_request"],
  ["InvalidKeyId", 400, "kms_key_unusable"],
  ["InvalidNextToken", 400, "aws_error"],
  ["InvalidSignatureException", 400, "credentials_unavailable"],
  ["LimitExceededException", 400, "aws_throttled"],
  ["MissingAuthenticationToken", 403, "credentials_unavailable"],
  ["MissingAuthenticationTokenException", 400, "credentials_unavailable"],
  ["NotAuthorized", 400, "access_denied"],
  ["OptInRequired", 403, "access_denied"],
  ["ParameterNotFound", 400, "parameter_not_found"],
  ["ParameterVersionNotFound", 400, "parameter_not_found"],
  ["PriorRequestNotComplete", 400, "aws_throttled"],
  ["RequestExpired", 400, "credentials_unavailable"],
  ["RequestInTheFuture", 400, "credentials_unavailable"],
  ["RequestLimitExceeded", 400, "aws_throttled"],
  ["RequestThrottled", 400, "aws_throttled"],
  ["RequestThrottledException", 400, "aws_throttled"],
  ["RequestTimeoutException", 408, "aws_timeout"],
  ["ServiceUnavailable", 503, "aws_throttled"],
  ["ServiceUnavailableException", 503, "aws_throttled"],
  ["SomethingNew", 400, "aws_error"],
  ["SomethingNew", 429, "aws_throttled"],
  ["SomethingNew", 504, "aws_timeout"],
  ["Throttling", 400, "aws_throttled"],
  ["ThrottledException", 400, "aws_throttled"],
  ["ThrottlingException", 400, "aws_throttled"],
  ["TooManyRequestsException", 429, "aws_throttled"],
  ["UnauthorizedAccess", 403, "access_denied"],
  ["UnrecognizedClientException", 400, "credentials_unavailable"],
  ["ValidationError", 400, "aws_rejected_request"],
  ["ValidationException", 400, "aws_rejected_request"],
];

/** Whatever STS says, there is no session then. */
const STS =
  `AccessDenied ExpiredTokenException IDPCommunicationError IDPRejectedClaim IncompleteSignature
  InternalFailure InvalidClientTokenId InvalidIdentityToken MalformedPolicyDocument OptInRequired
  PackedPolicyTooLarge RegionDisabledException RequestExpired ServiceUnavailable SignatureDoesNotMatch
  Throttling ValidationError`.split(/\s+/);

const BUCKET = "airlock-data-dev";

const withFault = async (t: TestContext, ...faults: FaultInput[]): Promise<Rig> => {
  const rig = await startReadyRig(t);
  rig.local.faults.set(faults);
  return rig;
};

test("errors of S3, for GET, HEAD and lists", async (t) => {
  const { aws, local } = await startReadyRig(t);
  for (const [code, status, wanted] of S3) {
    await t.test(`${code} (${status}) is ${wanted}`, async () => {
      local.faults.set([{ kind: "refuse", service: "s3", code, status }]);
      const problems = await Promise.all([
        problemOf(aws.objects.open("GET", BUCKET, "readme.txt", {})),
        problemOf(aws.objects.open("HEAD", BUCKET, "readme.txt", {})),
        problemOf(aws.objects.list(BUCKET, { prefix: "" })),
      ]);
      // S3 itself says 404 to a HEAD only of what is not there
      const head = status === 404 ? "object_not_found" : wanted;
      assert.deepEqual(
        problems.map((problem) => problem.code),
        [wanted, head, wanted],
      );
      for (const { message } of problems) assert.ok(!message.includes(code), message);
    });
  }
});

test("errors of SSM", async (t) => {
  const env = { ...PLAIN_FORM, CACHE_FRESH_SECONDS: "0", SSM_CALLS_PER_SECOND: "10000" };
  const { aws, local } = await startReadyRig(t, env);
  for (const [code, status, wanted] of SSM) {
    await t.test(`${code} (${status}) is ${wanted}`, async () => {
      local.faults.set([{ kind: "refuse", service: "ssm", code, status }]);
      assert.equal((await problemOf(aws.parameters.get("my-parameter"))).code, wanted);
    });
  }
});

for (const code of STS) {
  test(`STS ${code} is credentials_unavailable to who reads`, async (t) => {
    const refuse = { kind: "refuse", service: "sts", code } as const;
    const { aws } = await startRig(t, PLAIN_FORM, ({ faults }) => faults.set([refuse]));
    const read = problemOf(aws.objects.open("GET", BUCKET, "readme.txt", {}));
    assert.equal((await read).code, "credentials_unavailable");
  });
}

for (const code of `CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT EAI_AGAIN ECONNABORTED ECONNREFUSED
  ECONNRESET EHOSTUNREACH EMFILE ENETUNREACH ENOTFOUND EPIPE EPROTO ERR_TLS_CERT_ALTNAME_INVALID
  HPE_INVALID_CONSTANT UNABLE_TO_VERIFY_LEAF_SIGNATURE`.split(/\s+/)) {
  test(`the network's ${code} is aws_error, whatever the SDK calls it`, () => {
    for (const name of ["Error", "TimeoutError", "AccessDenied"]) {
      const problem = translateAwsError(Object.assign(new Error("x"), { name, code }));
      assert.deepEqual([problem.code, isOutage(problem)], ["aws_error", true]);
    }
  });
}

test("the network's ETIMEDOUT is aws_timeout", () => {
  const error = Object.assign(new Error("x"), { name: "TimeoutError", code: "ETIMEDOUT" });
  assert.equal(translateAwsError(error).code, "aws_timeout");
});

test("what is no error at all is aws_error", () => {
  for (const odd of [undefined, null, "text", {}, new Error("x"), new SyntaxError("<html>")]) {
    assert.equal(translateAwsError(odd).code, "aws_error");
  }
});

test("an endpoint that is not there, does not resolve or speaks no HTTP is aws_error", async (t) => {
  const babbler = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.destroy());
    socket.write("hello\r\n\r\n");
  });
  await new Promise<void>((resolve) => babbler.listen(0, "127.0.0.1", resolve));
  t.after(() => babbler.close());
  const { port } = babbler.address() as { port: number };
  for (const endpoint of [
    "http://127.0.0.1:1",
    "http://no-such-host.invalid",
    `http://127.0.0.1:${port}`,
    `https://127.0.0.1:${port}`,
  ]) {
    const env = { ...PLAIN_FORM, AWS_ENDPOINT_URL_S3: endpoint, AWS_ENDPOINT_URL_SSM: endpoint };
    const { aws } = await startReadyRig(t, env);
    for (const read of [
      () => aws.parameters.get("my-parameter"),
      () => aws.objects.open("GET", BUCKET, "readme.txt", {}),
      () => aws.objects.open("HEAD", BUCKET, "readme.txt", {}),
    ]) {
      const problem = await problemOf(read());
      assert.equal(problem.code, "aws_error", `${endpoint}: ${problem.cause}`);
    }
  }
});

for (const [status, body, contentType] of [
  [404, "<h1>Not Found</h1>", "text/html"],
  [404, "", "text/plain"],
  [403, "<h1>Forbidden</h1>", "text/html"],
  [400, "no", "text/plain"],
  [404, '{"message":"no Route matched with those values"}', "application/json"],
] as const) {
  test(`${status} ${JSON.stringify(body)} of something in between is an outage, not a refusal`, async (t) => {
    const { aws } = await withFault(t, { kind: "answer", status, body, contentType });
    for (const read of [
      () => aws.objects.open("GET", BUCKET, "readme.txt", {}),
      () => aws.objects.open("HEAD", BUCKET, "readme.txt", {}),
      () => aws.objects.list(BUCKET, { prefix: "" }),
      () => aws.buckets.list(),
      () => aws.parameters.get("my-parameter"),
    ]) {
      const problem = await problemOf(read());
      assert.deepEqual([problem.code, isOutage(problem)], ["aws_error", true]);
    }
  });
}

test("a page of something in between is not taken for an object", async (t) => {
  const body = "<html><body>sign in</body></html>";
  const { aws } = await withFault(t, { kind: "answer", service: "s3", body });
  for (const method of ["GET", "HEAD"] as const) {
    const problem = await problemOf(aws.objects.open(method, BUCKET, "readme.txt", {}));
    assert.deepEqual([problem.code, isOutage(problem)], ["aws_error", true]);
  }
});

for (const [what, body] of [
  ["nothing", ""],
  ["an empty list of another kind", "<ListBucketResult/>"],
  ["a page of HTML", "<html><body>sign in</body></html>"],
] as const) {
  test(`a list of S3 that says ${what} is an outage: not empty, and never remembered`, async (t) => {
    const { aws, local } = await withFault(t, { kind: "answer", service: "s3", body });
    const objects = await problemOf(aws.objects.list(BUCKET, { prefix: "" }));
    assert.equal(objects.code, "aws_error");
    assert.equal((await problemOf(aws.buckets.list())).code, "aws_error");
    local.faults.clear();
    assert.equal((await aws.buckets.list()).value.length, 3);
    assert.equal((await aws.objects.list(BUCKET, { prefix: "" })).objects.length, 3);
  });
}

test("an unknown error leaves the good list of buckets in use", async (t) => {
  let nowMs = 0;
  const { aws, local } = await startRig(t, PLAIN_FORM, undefined, { now: () => nowMs });
  await until(() => aws.session.isValid());
  await aws.buckets.list();
  local.faults.set([{ kind: "refuse", service: "s3", code: "SomethingNew", status: 400 }]);
  nowMs += 60_000;
  const { cache, value } = await aws.buckets.list();
  assert.deepEqual([cache, value.length], ["stale", 3]);
});

test("every error that the SDK documents for S3 has its row", async () => {
  const entry = fileURLToPath(import.meta.resolve("@aws-sdk/client-s3"));
  const types = `${entry.slice(0, entry.indexOf("dist-"))}dist-types/models/models_0.d.ts`;
  const text = await readFile(types, "utf8");
  const documented = new Set(text.match(/(?<=<i>Code:<\/i> )[A-Z][A-Za-z]{3,}/g));
  assert.ok(documented.size > 60, String(documented.size));
  const known = new Set(S3.map(([name]) => name));
  const lacking = [...documented].filter(
    (name) => !known.has(name) && !NOT_REFUSALS_OF_READS.has(name),
  );
  assert.deepEqual(lacking, []);
});
