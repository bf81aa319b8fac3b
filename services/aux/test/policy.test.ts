/** What a policy file means, and what is said of a wrong one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLogger } from "@airlock/http";
import { createAudit } from "../src/policy/audit.ts";
import { resourceOf } from "../src/policy/cli-name.ts";
import { PolicyError, parsePolicy } from "../src/policy/parse-policy.ts";
import { OPEN_READS, type Resource } from "../src/policy/policy.ts";

const POLICY = `
version: 1
groups:
  payments: [alice@example.com, "system:serviceaccount:payments:*"]
  auditors: []
rules:
  - id: shop
    groups: [payments]
    verbs: [list, read]
    parameters: [/airlock/dev/shop/**, banner]
    buckets: [shop-data]
    objects: [shop-data/reports/**]
  - id: shop-secrets
    groups: [payments]
    verbs: [read]
    parameters: [/airlock/dev/shop/*]
    decrypt: true
  - id: no-root-passwords
    effect: deny
    callers: ["*"]
    verbs: [read]
    parameters: ["/airlock/**/root-password"]
    decrypt: true
  - id: no-drafts
    effect: deny
    callers: ["*"]
    verbs: [list, read]
    objects: ["*/**/drafts/**"]
  - id: audit
    groups: [auditors]
    verbs: [list]
    parameters: ["**"]
`;

const policy = parsePolicy(POLICY);
const ALICE = { caller: "alice@example.com", groups: [] };
const parameter = (name: string, decrypted = false): Resource =>
  resourceOf(name, "read", decrypted) ?? assert.fail(name);
const object = (key: string): Resource => ({ kind: "object", bucket: "shop-data", key });
const prefix = (text: string): Resource => ({ kind: "prefix", bucket: "shop-data", prefix: text });
const read = (resource: Resource, subject: Parameters<typeof policy.decide>[0] = ALICE) =>
  policy.decide(subject, "read", resource).rule;
const list = (resource: Resource, subject: Parameters<typeof policy.decide>[0] = ALICE) =>
  policy.decide(subject, "list", resource).rule;

describe("a policy", () => {
  test("denies what no rule allows", () => {
    assert.deepEqual(policy.decide(ALICE, "read", parameter("/airlock/prod/shop/host")), {
      allow: false,
      rule: "default",
    });
    assert.equal(read(parameter("/airlock/dev/shop")), "default");
    assert.equal(read(parameter("banner")), "shop");
    assert.equal(policy.decide(ALICE, "presign-get", object("reports/a")).rule, "default");
  });

  test("knows callers by name, by a group of the file and by a group of their token", () => {
    const name = parameter("/airlock/dev/shop/host");
    assert.equal(read(name, { caller: "bob", groups: [] }), "default");
    assert.equal(read(name, { caller: "bob", groups: ["payments"] }), "shop");
    assert.equal(read(name, { caller: "system:serviceaccount:payments:api", groups: [] }), "shop");
    assert.equal(list(parameter("/x/y"), { caller: "bob", groups: ["auditors"] }), "audit");
    assert.equal(list(parameter("/x/y"), { caller: undefined, groups: undefined }), "default");
  });

  test("decrypts only where a rule says so, and a rule may deny decrypting alone", () => {
    assert.equal(read(parameter("/airlock/dev/shop/password", true)), "shop-secrets");
    assert.equal(read(parameter("/airlock/dev/shop/db/password", true)), "default");
    assert.equal(read(parameter("/airlock/dev/shop/db/password")), "shop");
    assert.equal(read(parameter("/airlock/dev/shop/root-password", true)), "no-root-passwords");
    assert.equal(read(parameter("/airlock/dev/shop/root-password")), "shop");
  });

  test("shows the way to what is allowed, and no folder that is denied as a whole", () => {
    assert.equal(list(prefix("")), "shop");
    assert.equal(list(prefix("rep")), "shop");
    assert.equal(list(prefix("reports/2026/")), "shop");
    assert.equal(list(prefix("backups/")), "default");
    assert.equal(list(prefix("reports/drafts/")), "no-drafts");
    assert.equal(list(object("reports/2026/drafts/a")), "no-drafts");
    assert.equal(list({ kind: "bucket", name: "shop-data" }), "shop");
    assert.equal(list({ kind: "bucket", name: "other-data" }), "default");
  });

  test("answers 404 for what is denied, or 403 where it says so", () => {
    assert.equal(policy.deniedStatus, 404);
    assert.equal(parsePolicy(`denied: 403${POLICY}`).deniedStatus, 403);
  });

  test("that is not there lets everybody read and nobody write", () => {
    const nobody = { caller: undefined, groups: undefined };
    const secret = parameter("/airlock/dev/password", true);
    assert.deepEqual(OPEN_READS.decide(nobody, "read", secret), {
      allow: true,
      rule: "open-reads",
    });
    assert.equal(OPEN_READS.decide(nobody, "presign-put", object("a")).allow, false);
  });
});

describe("a wrong policy", () => {
  const rule = (members: string) =>
    `version: 1\nrules:\n  - {id: one, callers: ["*"], verbs: [read], parameters: ["**"]}\n  - {${members}}\n`;
  const cases: readonly [text: string, ...faults: RegExp[]][] = [
    ["", /^line 1: must be a mapping(; it was null)?$/],
    ["version: 1\nrules: [", /^line 2: Flow sequence/],
    ["version: 1\nversion: 1", /^line 2: Map keys must be unique$/],
    [
      "version: 2\nrules: []",
      /^line 1: version: must be 1; it was the number 2$/,
      /^line 2: rules: must not be empty; it was a list of 0$/,
    ],
    [
      "version: 1\ndenied: 500\ngroups: {a: b}\ncolour: red",
      /^line 1: rules: must be a list$/,
      /^line 2: denied/,
      /^line 3: groups\.a/,
      /^line 4: colour: there is no such field$/,
    ],
    [
      rule("id: one, callers: [a], verbs: [read], parameters: [a]"),
      /^line 4: rules\[1\]\.id: one is the id of a rule above$/,
    ],
    [
      rule("id: default, callers: [a], verbs: [read], parameters: [a]"),
      /^line 4: rules\[1\]\.id: must not be default/,
    ],
    [rule("id: two, verbs: [read], parameters: [a]"), /must name callers or groups/],
    [
      rule("id: two, groups: [x], verbs: [read], parameters: [a]"),
      /groups\[0\]: x is not among the groups of this file$/,
    ],
    [
      rule("id: two, callers: [], verbs: [], parameters: []"),
      /callers: must not be empty/,
      /verbs: must not be empty/,
      /parameters: must not be empty/,
    ],
    [
      rule("id: two, callers: [a], verbs: [write], parameters: [a]"),
      /verbs\[0\]: must be one of list, read, presign-get, presign-put; it was /,
    ],
    [rule("id: two, callers: [a], verbs: [read]"), /must name parameters, buckets or objects$/],
    [
      rule("id: two, callers: [a], verbs: [presign-get], parameters: [a]"),
      /parameters: need the verb list or read$/,
    ],
    [
      rule("id: two, callers: [a], verbs: [read], buckets: [bucket]"),
      /buckets: need the verb list/,
    ],
    [
      rule("id: two, callers: [a], verbs: [read], parameters: [airlock/dev]"),
      /begins with a slash$/,
    ],
    [rule("id: two, callers: [a], verbs: [read], parameters: [/a]"), /one level has no slash$/],
    [rule("id: two, callers: [a], verbs: [read], parameters: ['/a/b**']"), /whole segment/],
    [
      rule("id: two, callers: [a], verbs: [read], parameters: ['/{a,b}/c']"),
      /may hold what a parameter's name does/,
    ],
    ...[
      "/a/b/",
      "/a//b",
      "//x",
      "/a/../b",
      "/a/./*",
      "/a/*/",
      "..",
      `/${Array(16).fill("a").join("/")}`,
    ].map((glob): [string, RegExp] => [
      rule(`id: two, effect: deny, callers: [a], verbs: [read], parameters: ['${glob}']`),
      /parameters\[0\]: matches no name: SSM takes/,
    ]),
    ...[
      "arn:aws:s3:::b/x",
      "arn:aws:ssm:eu-west-1:444:parameter/x",
      "arn:aws:ssm:eu-west-1:444455556666:parameter/a/",
      "arn:aws:ssm/x",
      "arn:aws:ssm:*:*:document/x",
    ].map((glob): [string, RegExp] => [
      rule(`id: two, callers: [a], verbs: [read], parameters: ['${glob}']`),
      /parameters\[0\]: matches no ARN of a parameter/,
    ]),
    ...["ABC", "my_bucket", "ab", "a..*", "-*", "*_x"].flatMap((glob): [string, RegExp][] => [
      [
        rule(`id: two, callers: [a], verbs: [list], buckets: ['${glob}']`),
        /buckets\[0\]: matches no name that a bucket may have/,
      ],
      [
        rule(`id: two, callers: [a], verbs: [read], objects: ['${glob}/x']`),
        /objects\[0\]: matches no name that a bucket may have/,
      ],
    ]),
    [rule("id: two, callers: [a], verbs: [read], objects: [bucket]"), /must be bucket\/key/],
    [rule("id: two, callers: [a], verbs: [read], objects: ['**/a']"), /name of a bucket/],
    [
      rule("id: two, callers: [a], verbs: [list], parameters: [a], decrypt: true"),
      /decrypt: needs parameters and the verb read$/,
    ],
    [
      rule(
        "id: two, effect: deny, callers: [a], verbs: [list, read], parameters: [a], decrypt: true",
      ),
      /decrypt: a rule that denies decrypting/,
    ],
  ];
  for (const [text, ...faults] of cases) {
    test(`${faults[0]?.source}: each fault has its line`, () => {
      assert.throws(
        () => parsePolicy(text),
        (error) => {
          assert.ok(error instanceof PolicyError);
          const lines = error.message.split("\n");
          assert.equal(lines.length, faults.length, error.message);
          for (const [index, fault] of faults.entries()) assert.match(lines[index] ?? "", fault);
          return true;
        },
      );
    });
  }
});

test("a glob that could match is no fault, however many stars it has", () => {
  const globs = {
    parameters: [
      "**",
      "/**",
      "**/host",
      "/a/**/b",
      "/*/*",
      "*",
      "a.*",
      "/.*/x",
      "/aws/**",
      "arn:*/**",
    ],
    buckets: ["*", "a*", "*-data-*", "abc"],
    objects: ["*/**", "abc/a//b/", "data*/*"],
  };
  globs.parameters.push(
    "arn:aws:ssm:*:111122223333:parameter/**",
    "arn:aws*:ssm:eu-*:4444*:parameter/x/*",
    `/${Array(14).fill("a").join("/")}/**`,
  );
  const members = Object.entries(globs).map(([name, list]) => `${name}: ${JSON.stringify(list)}`);
  parsePolicy(
    `version: 1\nrules:\n  - {id: one, callers: ["*"], verbs: [list, read], ${members.join(", ")}}\n`,
  );
});

test("every decision is one audit line, whatever LOG_LEVEL says, and holds no value", () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger(
    { SERVICE_NAME: "aux", LOG_LEVEL: "error" },
    { write: (line) => void lines.push(JSON.parse(line)) },
  );
  const audit = createAudit(log);
  const asked = {
    caller: "alice@example.com",
    peer: "192.0.2.1",
    requestId: "r1",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    verb: "read",
    name: "/a/b",
  } as const;
  audit.decision({ ...asked, decision: { allow: true, rule: "shop" }, cache: "hit" });
  audit.decision({ ...asked, caller: undefined, decision: { allow: false, rule: "default" } });
  audit.list({ ...asked, verb: "list", name: "/a/*", allowed: 3, denied: 2, cache: "stale" });
  const trace_id = asked.traceId;
  const request = { peer: "192.0.2.1", request_id: "r1", trace_id };
  const common = { level: "info", service: "aux", audit: true, ...request, msg: "access" };
  assert.deepEqual(
    lines.map(({ time: _, ...line }) => line),
    [
      {
        ...common,
        caller: "alice@example.com",
        verb: "read",
        name: "/a/b",
        cache: "hit",
        decision: "allow",
        rule: "shop",
      },
      {
        ...common,
        caller: "anonymous",
        verb: "read",
        name: "/a/b",
        decision: "deny",
        rule: "default",
      },
      {
        ...common,
        caller: "alice@example.com",
        verb: "list",
        name: "/a/*",
        cache: "stale",
        decision: "filter",
        allowed: 3,
        denied: 2,
      },
    ],
  );
});
