/** The OpenAPI documents are good for generators, for `/docs`, and for holding answers to them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnswerCheck, type OpenApi } from "../../acceptance/answer-check.ts";
import { describedApp, openApiOf } from "../src/generated/openapi.ts";

const SERVICES = ["gateway", "aux", "jobs", "processor"] as const;

interface Media {
  readonly schema?: { readonly $ref?: string; readonly format?: string };
  readonly example?: unknown;
}
interface Operation {
  readonly operationId?: string;
  readonly tags: readonly [string];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly { readonly $ref?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { $ref?: string; content?: Readonly<Record<string, Media>>; headers?: object }>
  >;
}
interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
    readonly parameters?: Readonly<Record<string, object>>;
    readonly headers?: Readonly<Record<string, object>>;
  };
}

const documentOf = async (
  service: (typeof SERVICES)[number],
  env?: Readonly<Record<string, string>>,
): Promise<Document & OpenApi> => JSON.parse(await openApiOf(service, env));
const documents = new Map(
  await Promise.all(SERVICES.map(async (name) => [name, await documentOf(name)] as const)),
);
const get = (name: (typeof SERVICES)[number]) => documents.get(name) ?? assert.fail(name);
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

for (const [service, document] of documents) {
  const text = JSON.stringify(document);
  const operations = operationsOf(document);

  test(`${service}: every operation has an id of its own`, () => {
    const ids = operations.map(({ name, operation }) => operation.operationId ?? `none: ${name}`);
    assert.deepEqual(
      ids.filter((id) => id.startsWith("none")),
      [],
      "name them in packages/contract/src/operation-ids.ts",
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  test(`${service}: integers have their bounds, times their format, answers their words`, () => {
    assert.doesNotMatch(text, /9007199254740991|Default Response|Input"/);
    const unbounded = [...text.matchAll(/\{[^{}]*"type":"integer"[^{}]*\}/g)].filter(
      ([schema]) => !schema.includes('"minimum"') || !schema.includes('"format":"int'),
    );
    assert.deepEqual(unbounded.map(String), []);
  });

  test(`${service}: every body and every answer has an example that is one`, () => {
    const check = createAnswerCheck(document);
    const problems: string[] = [];
    let checked = 0;
    const examine = (where: string, media: Media | undefined, type: string, at?: Operation) => {
      if (media?.schema?.format === "binary") return;
      const ref = media?.schema?.$ref?.split("/").at(-1) ?? "";
      const example = media?.example ?? document.components.schemas[ref]?.examples?.[0];
      if (example === undefined) problems.push(`${where} ${type}: no example`);
      checked++;
      if (example === undefined || !at || !type.endsWith("/json")) return;
      const [method = "", path = ""] = where.split(" ");
      const headers = { "content-type": type };
      const reply = { status: 200, headers, text: JSON.stringify(example) };
      const problem = check(method, path.replace(/\{\w+\}/g, "x"), reply);
      if (problem !== undefined) problems.push(problem);
    };
    for (const { name, operation } of operations) {
      for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
        examine(`${name} body`, media, type);
      }
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        for (const [type, media] of Object.entries(content)) {
          examine(name, media, type, status === "200" ? operation : undefined);
        }
      }
    }
    assert.deepEqual(problems, []);
    assert.ok(checked >= 8, String(checked));
  });

  test(`${service}: a body of another kind is refused as the document has it`, async () => {
    const app = await describedApp(service);
    const check = createAnswerCheck(document);
    for (const { name, operation } of operations) {
      const [method = "", url = ""] = name.split(" ");
      // who needs a key is asked for it first (services/jobs/test/idempotency.test.ts)
      if (!operation.requestBody || url.startsWith("/v1/")) continue;
      for (const [type, payload, expected] of [
        ["text/plain", "hello", [415]],
        ["application/json", "{bad", [400]],
        ["application/json", "[]", [400, 422]],
      ] as const) {
        const asked = { method: method as "POST", url, payload, headers: { "content-type": type } };
        const { statusCode: status, headers, body: text } = await app.inject(asked);
        assert.ok(
          (expected as readonly number[]).includes(status),
          `${name} ${payload}: ${status}`,
        );
        const answered = { status, headers: headers as Record<string, string>, text };
        assert.equal(check(method, url, answered), undefined);
      }
    }
    await app.close();
  });

  test(`${service}: each header that it tells is told once, and referred to`, () => {
    for (const [, ref = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = ref.split("/").reduce<unknown>((at, part) => Object(at)[part], document);
      assert.ok(found, ref);
    }
    const { parameters = {}, headers = {} } = document.components;
    for (const [kind, told] of Object.entries({ parameters, headers })) {
      for (const name of Object.keys(told)) assert.ok(text.includes(`/${kind}/${name}"`), name);
    }
  });

  test(`${service}: what it is for comes first, probes last`, () => {
    const [first] = operations;
    assert.ok(first && !["about", "probes"].includes(first.operation.tags[0]), first?.name);
    assert.deepEqual(operations.at(-1)?.operation.tags, ["probes"]);
    assert.equal(document.tags.at(-1)?.name, "probes");
  });
}

const asked = (document: Document, path: string, method = "get") =>
  document.paths[path]?.[method]?.security.map((one) => Object.keys(one));

test("bearer and layer stand in the documents as the settings have them", async () => {
  const gateway = get("gateway");
  assert.deepEqual(Object.keys(gateway.components.securitySchemes), ["callerToken", "apiKey"]);
  assert.deepEqual(asked(gateway, "/config"), [["callerToken"]]);
  assert.deepEqual(asked(gateway, "/v1/jobs"), [["apiKey"]]);
  for (const open of ["/v1/auth/challenge", "/v1/auth/aws-login"]) {
    assert.deepEqual(asked(gateway, open, "post"), [], open);
  }
  for (const open of ["/health", "/livez", "/readyz"]) assert.deepEqual(asked(gateway, open), []);

  const byKey = await documentOf("gateway", {
    GATEWAY_AUTH: "api-key",
    JOBS_SERVICE_URL: "http://jobs.example.com",
  });
  assert.deepEqual(asked(byKey, "/config"), [["apiKey"]]);
  const byNobody = await documentOf("gateway", { GATEWAY_AUTH: "none" });
  assert.deepEqual(asked(byNobody, "/config"), []);
  assert.deepEqual(Object.keys(byNobody.components.securitySchemes), ["apiKey"]);

  const jobs = get("jobs");
  assert.deepEqual(asked(jobs, "/v1/jobs"), [["layer", "apiKey"]]);
  assert.deepEqual(asked(jobs, "/v1/auth/challenge", "post"), [["layer"]]);
  const observing = await documentOf("jobs", { LAYER_AUTH_MODE: "observe" });
  assert.deepEqual(asked(observing, "/v1/jobs"), [["layer", "apiKey"], ["apiKey"]]);
  assert.deepEqual(asked(get("aux"), "/parameters"), [["layer"]]);
  const signed = await documentOf("aux", {
    LAYER_AUTH_ACCEPTS: "service-account,execution-api",
    LAYER_AUTH_ROLES: "arn:aws:iam::111122223333:role/airlock-gateway",
  });
  assert.deepEqual(asked(signed, "/parameters"), [["layer"], ["executionApi"]]);
  const off = await documentOf("aux", { LAYER_AUTH_MODE: "off" });
  assert.deepEqual(asked(off, "/parameters"), []);
});

test("waits, resumes and repeats can be asked for by a client made from the document", () => {
  const gateway = get("gateway");
  const told = (path: string, method = "get") => {
    const { parameters = [], responses = {} } = gateway.paths[path]?.[method] ?? {};
    const honours = parameters.flatMap(({ $ref }) => $ref?.split("/").at(-1) ?? []);
    return { honours, sends: Object.keys(responses[200]?.headers ?? {}), responses };
  };
  const value = told("/config/{name}");
  assert.deepEqual(value.honours, ["Cache-Control", "If-None-Match"]);
  assert.ok(value.sends.includes("ETag") && value.responses[304]);
  const object = told("/storage/{bucket}/{key}");
  assert.ok(object.honours.includes("Range") && object.honours.includes("If-Range"));
  assert.ok("Content-Range" in (object.responses[206]?.headers ?? {}));
  assert.deepEqual(told("/v1/jobs/{job_id}/events").honours, ["Last-Event-ID"]);
  for (const [path, method] of [
    ["/v1/jobs/submit", "post"],
    ["/v1/disks/{disk_name}", "delete"],
  ] as const) {
    assert.deepEqual(told(path, method).honours, ["Idempotency-Key"]);
    assert.ok(told(path, method).sends.includes("RateLimit-Remaining"));
  }
  assert.deepEqual(told("/v1/jobs/plan", "post").honours, []);
});

test("an answer that is not as the document has it is found, whatever is wrong with it", () => {
  const check = createAnswerCheck(get("gateway"));
  const headers = { "content-type": "application/json; charset=utf-8" };
  const good = { status: 200, headers, text: '{"count":0,"buckets":[]}' };
  assert.equal(check("GET", "/storage", good), undefined);
  const problem = {
    type: "urn:airlock:problem:not_found",
    title: "Not Found",
    status: 404,
    detail: "x",
    instance: "urn:request:x",
    code: "not_found",
    request_id: "x",
  };
  const failed = { status: 404, headers: { "content-type": "application/problem+json" } };
  const strange = { ...failed, text: JSON.stringify(problem) };
  assert.equal(check("GET", "/nothing-here", strange), undefined);
  assert.equal(check("GET", "/config/a/b?version=3", strange), undefined);
  assert.equal(check("GET", "/storage/a/b", { status: 304, headers: {}, text: "" }), undefined);

  const faults: [path: string, reply: Parameters<typeof check>[2], expected: RegExp][] = [
    ["/storage", { ...good, status: 201 }, /the status/],
    ["/storage", { ...good, headers: { "content-type": "text/html" } }, /the type/],
    ["/version", { ...good, headers: { ...headers, etag: '"a"' } }, /the header etag/],
    ["/storage", { ...good, text: '{"count":"0","buckets":[]}' }, /count must be integer/],
    ["/storage", { ...good, text: '{"count":0}' }, /required property 'buckets'/],
    ["/storage", { ...good, text: '{"count":-1,"buckets":[]}' }, /count must be >= 0/],
    ["/storage", { ...good, text: '{"count":0,"buckets":[],"more":1}' }, /additional/],
    ["/config/a", { ...strange, text: "{}" }, /required/],
    ["/storage/a/b", { status: 304, headers: {}, text: "x" }, /it has a body/],
    ["/nothing-here", good, /neither path nor status/],
    ["/nothing-here", { ...strange, headers }, /no problem/],
  ];
  for (const [path, reply, expected] of faults) {
    assert.match(check("GET", path, reply) ?? "nothing found", expected);
  }
});
