/** `airlock-policy`: the command as it is run, its words and its exit codes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { answer } from "../src/policy/command.ts";

const folder = mkdtempSync(join(tmpdir(), "policy-"));
after(() => rmSync(folder, { recursive: true }));
const good = join(folder, "good.yaml");
const bad = join(folder, "bad.yaml");
writeFileSync(
  good,
  `version: 1
groups: {ops: []}
rules:
  - id: app
    callers: [alice]
    verbs: [list, read]
    parameters: [/app/**]
    objects: [data/reports/**]
  - id: ops
    groups: [ops]
    verbs: [read]
    parameters: ["**"]
    decrypt: true
  - id: no-root
    effect: deny
    callers: ["*"]
    verbs: [read]
    parameters: [/app/root]
`,
);
writeFileSync(bad, "version: 1\nrules:\n  - id: app\n    verbs: [write]\n    parameters: [a]\n");

const run = (...words: string[]) => answer(words, good);

test("explain names the rule that decides and says why the others do not", () => {
  assert.deepEqual(run("explain", "alice", "read", "/app/db/host"), {
    exitCode: 0,
    text: `allow: alice read /app/db/host
  line 14   no-root  deny   has no glob that matches
  line 4    app      allow  decides
  line 9    ops      allow  is about other callers
`,
  });
  assert.deepEqual(run("explain", "alice", "read", "/app/password", "--decrypt"), {
    exitCode: 1,
    text: `deny: alice read /app/password
  line 14   no-root  deny   has no glob that matches
  line 4    app      allow  does not let decrypt
  line 9    ops      allow  is about other callers
  no rule allows it, so it is denied
`,
  });
});

test("explain takes each spelling of a name, and says that a star opens neither /aws/ nor ARNs", () => {
  for (const name of ["/app/db/host", "app/db/host"]) {
    assert.equal(run("explain", "alice", "read", name).exitCode, 0);
  }
  const arn = "arn:aws:ssm:eu-west-1:444455556666:parameter/x";
  for (const [name, spelt] of [
    ["/aws/service/x", "/aws/"],
    ["aws/service/x", "/aws/"],
    [arn, "arn:"],
  ] as const) {
    const { text, exitCode } = run("explain", "bob", "read", name, "--group", "ops");
    assert.equal(exitCode, 1);
    assert.match(text, new RegExp(`ops +allow +has no glob that spells ${spelt}\n`));
  }
  for (const name of [`${arn}:3`, "x:3", "/app/", "arn:aws:s3:::bucket/x"]) {
    assert.throws(() => run("explain", "alice", "read", name), { message: /is no name/ }, name);
  }
});

test("explain takes token groups, objects and prefixes", () => {
  const byGroup = run("explain", "bob", "read", "password", "--decrypt", "--group", "ops");
  assert.match(byGroup.text, /ops +allow +decides/);
  assert.equal(byGroup.exitCode, 0);
  assert.equal(run("explain", "alice", "read", "s3://data/reports/a", "--file", good).exitCode, 0);
  assert.equal(run("explain", "alice", "list", "s3://data/rep*").exitCode, 0);
  assert.equal(run("explain", "alice", "list", "s3://data/x*").exitCode, 1);
});

test("check says what is wrong, line by line", () => {
  assert.deepEqual(run("check", good), {
    exitCode: 0,
    text: `${good}: 3 rule(s), no fault
line 9: ops: ** is about no name under /aws/ and no ARN; a rule must spell those
`,
  });
  assert.deepEqual(run("check", bad), {
    exitCode: 1,
    text: `line 3: rules[0].callers: the rule must name callers or groups; callers: ["*"] is everybody
line 4: rules[0].verbs[0]: must be one of list, read, presign-get, presign-put; it was a text of 5 characters
`,
  });
});

test("the example in docs/policy.md means what is said of it there", () => {
  const document = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8");
  const file = join(folder, "example.yaml");
  writeFileSync(file, /^```yaml\n([\s\S]*?)^```/m.exec(document)?.[1] ?? "");
  const shown = /policy (explain .*) --file policy.yaml\n((?:# .*\n)+)/.exec(document);
  const words = shown?.[1]?.split(" ") ?? [];
  const lines = shown?.[2]?.replaceAll(/^# /gm, "");
  assert.deepEqual(run(...words, "--file", file), { exitCode: 0, text: lines });
});

test("words that cannot be used are refused, each with what is wrong", () => {
  const cases: readonly [words: string[], message: RegExp][] = [
    [[], /^the first word must be check or explain$/],
    [["explain", "alice", "read"], /^explain takes a caller, a verb and a name$/],
    [["explain", "alice", "write", "a"], /^write is no verb: list, read, presign-get/],
    [["explain", "alice", "read", "a//b"], /^a\/\/b is no name/],
    [["explain", "alice", "read", "s3://B/a"], /^s3:\/\/B\/a is no name/],
    [["explain", "alice", "read", "a", "--file", bad], /^line 3: rules\[0\]\.callers/],
    [["check", join(folder, "missing.yaml")], /missing\.yaml cannot be read \(ENOENT\)$/],
    [["check", "--colour"], /colour/],
  ];
  for (const [words, message] of cases) assert.throws(() => run(...words), { message });
  assert.throws(() => answer(["explain", "alice", "read", "a"], undefined), /which policy\?/);
});

test("the command itself: 0 allowed, 1 denied, 2 wrong usage", () => {
  const cli = join(import.meta.dirname, "../src/policy/cli.ts");
  const codes = [["explain", "alice", "read", "/app/x"], ["explain", "bob", "read", "a"], []].map(
    (words) =>
      spawnSync(process.execPath, ["--conditions=airlock-source", cli, ...words], {
        env: { ...process.env, ACCESS_POLICY_FILE: good },
      }).status,
  );
  assert.deepEqual(codes, [0, 1, 2]);
});

test("the policy of an installation is read out of it", () => {
  const file = join(folder, "installation.yaml");
  const policy = readFileSync(good, "utf8").replaceAll(/^/gm, "    ");
  writeFileSync(file, `kind: Installation\nspec:\n  accessPolicy: |\n${policy}\n`);
  assert.deepEqual(run("check", file), {
    ...run("check", good),
    text: run("check", good).text.replace(good, file),
  });
  const faulty = join(import.meta.dirname, "../../../k8s/overlays/prod/installation");
  assert.match(run("check", join(faulty, "installation.yaml")).text, /: 1 rule\(s\), no fault\n$/);
});
