/** What an API server says when it refuses, and the sentence that becomes of it. The words were recorded from real servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FailureKind } from "../src/cluster/cluster-error.ts";
import { refusal, type Subject } from "../src/cluster/refusals.ts";
import { readStatus } from "../src/cluster/status-words.ts";

const POD: Subject = { verb: "create", kind: "pods", name: "a", namespace: "jobs" };
const SECRET: Subject = { ...POD, kind: "secrets" };
const SPOILT = "hunter2";

type Case = readonly [
  subject: Subject,
  status: number,
  body: object | string,
  kind: FailureKind,
  words: RegExp,
];

const CASES: Readonly<Record<string, Case>> = {
  "a name that is taken": [
    POD,
    409,
    { reason: "AlreadyExists", message: 'pods "a" already exists' },
    "already_exists",
    /^There is a Pod a already\.$/,
  ],
  "a name whose owner is on its way out": [
    POD,
    409,
    { reason: "AlreadyExists", message: 'object is being deleted: pods "a" already exists' },
    "being_deleted",
    /still being deleted/,
  ],
  "another uid": [
    { ...POD, verb: "remove" },
    409,
    { reason: "Conflict", message: "the UID in the precondition (…) does not match" },
    "conflict",
    /Pod a is another one/,
  ],
  "another uid, as a patch is told": [
    { ...POD, verb: "patch" },
    422,
    {
      reason: "Invalid",
      details: { causes: [{ reason: "FieldValueInvalid", field: "metadata.uid" }] },
    },
    "conflict",
    /is another one/,
  ],
  "a quota that somebody else changed meanwhile": [
    POD,
    409,
    { reason: "Conflict", details: { kind: "resourcequotas" } },
    "throttled",
    /too much to do/,
  ],
  "a quota that is used up": [
    POD,
    403,
    {
      reason: "Forbidden",
      message:
        'pods "a" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=8, used: requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=8',
    },
    "quota_exceeded",
    /quota of the namespace jobs is used up: gpus, requested: requests\.nvidia\.com\/gpu=8, used/,
  ],
  "a quota that nobody has counted yet": [
    POD,
    403,
    {
      message:
        'volumesnapshots.snapshot.storage.k8s.io "a" is forbidden: status unknown for quota: jobs, resources: count/volumesnapshots.snapshot.storage.k8s.io',
    },
    "unavailable",
    /cannot answer now \(403\)/,
  ],
  "a quota that wants limits": [
    POD,
    403,
    { message: 'pods "a" is forbidden: failed quota: compute: must specify limits.cpu' },
    "admission_denied",
    /policy refuses the Pod a: failed quota: compute: must specify limits\.cpu$/,
  ],
  "a namespace on its way out": [
    POD,
    403,
    {
      message:
        'pods "a" is forbidden: unable to create new content in namespace jobs because it is being terminated',
      details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
    },
    "namespace_terminating",
    /^The namespace jobs is being deleted\.$/,
  ],
  "a namespace that is not there": [
    POD,
    404,
    { message: 'namespaces "jobs" not found', details: { kind: "namespaces" } },
    "not_found",
    /^The namespace jobs does not exist\.$/,
  ],
  "a webhook, whatever status it chose": [
    POD,
    400,
    { message: 'admission webhook "p.example.com" denied the request: no latest tag' },
    "admission_denied",
    /denied the request: no latest tag$/,
  ],
  "pod security": [
    POD,
    403,
    { message: 'pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged' },
    "admission_denied",
    /refuses the Pod a: violates PodSecurity/,
  ],
  "no right": [
    POD,
    403,
    {
      message:
        'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods" in API group "" in the namespace "jobs"',
    },
    "forbidden",
    /no right to create pods in the cluster \(namespace jobs\)\.$/,
  ],
  "a proxy in between": [POD, 403, "<html>no</html>", "forbidden", /no right/],
  "a token that is not believed": [POD, 401, { reason: "Unauthorized" }, "unauthorized", /believe/],
  "too much": [POD, 429, "Too many requests", "throttled", /too much to do/],
  "a version of long ago": [
    { ...POD, verb: "watch", name: undefined },
    410,
    { reason: "Expired", message: "too old resource version: 1 (2)" },
    "gone",
    /no longer knows that version/,
  ],
  "missing members": [
    POD,
    422,
    {
      details: {
        causes: [
          { reason: "FieldValueRequired", message: "Required value", field: "spec.containers" },
          {
            reason: "FieldValueInvalid",
            message: `Invalid value: "${SPOILT}\\"x": must be no more than 63 characters`,
            field: "metadata.labels",
          },
          { reason: "FieldValueInvalid", message: `Invalid value: {${SPOILT}}: no`, field: "x" },
        ],
      },
    },
    "invalid",
    /spec\.containers is required; metadata\.labels is not valid, must be no more than 63 characters; x is not valid\.$/,
  ],
  "a Secret with a bad key": [
    SECRET,
    422,
    {
      details: {
        causes: [
          {
            reason: "FieldValueInvalid",
            message: `Invalid value: "a": ${SPOILT} is not it`,
            field: "data[a]",
          },
        ],
      },
    },
    "invalid",
    /Secret a: data\[a\] is not valid\.$/,
  ],
  "a member that there is not": [
    POD,
    400,
    {
      message:
        'Pod in version "v1" cannot be handled: strict decoding error: unknown field "spec.containerz"',
    },
    "invalid",
    /there is no spec\.containerz\.$/,
  ],
  "what cannot be read, quoted": [
    POD,
    400,
    { message: `ReadString: expects ", error found in #10 byte of ...|{"secret":"${SPOILT}"|` },
    "invalid",
    /cannot be read as one\.$/,
  ],
  "a container that has not begun": [
    { ...POD, verb: "log" },
    400,
    { message: 'container "c" in pod "a" is waiting to start: ContainerCreating' },
    "not_started",
    /has not begun yet/,
  ],
  "a node that has not heard of the pod": [
    { ...POD, verb: "log" },
    404,
    { details: { kind: "pods/log" } },
    "not_started",
    /has not begun yet/,
  ],
  "a webhook that is down": [
    POD,
    500,
    { message: 'Internal error occurred: failed calling webhook "p": connect: refused' },
    "unavailable",
    /cannot answer now \(500\)/,
  ],
  "a change that broke": [POD, 500, {}, "outcome_unknown", /create the Pod a \(500\).*not known/],
  "a change that took too long": [POD, 504, {}, "outcome_unknown", /not known/],
  "a read that broke": [{ ...POD, verb: "get" }, 500, {}, "unavailable", /cannot answer now/],
  "a server that stops": [POD, 503, {}, "unavailable", /cannot answer now \(503\)/],
};

for (const [name, [subject, status, body, kind, words]] of Object.entries(CASES)) {
  test(name, () => {
    const error = refusal(subject, readStatus(body, status));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, words);
    assert.equal(error.status, status);
    assert.ok(!error.message.includes(SPOILT), error.message);
    assert.ok(!/[\r\n]/.test(error.message));
  });
}

test("a refusal tells how long to wait, by its header or by its words", () => {
  const words = readStatus({ details: { retryAfterSeconds: 2 } }, 429);
  assert.equal(refusal(POD, words).retryAfterMs, 2000);
  assert.equal(refusal(POD, words, "7").retryAfterMs, 7000);
  assert.equal(refusal(POD, readStatus({}, 429), "Wed, 21 Oct 2026").retryAfterMs, undefined);
});
