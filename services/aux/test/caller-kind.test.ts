/** Whom a policy may name, where callers are owners of API keys or have tokens. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ParameterName } from "@airlock/contract";
import { compileFlatGlob, keyCaller } from "@airlock/identity";
import { callerFault } from "../src/policy/caller-kind.ts";
import { answer } from "../src/policy/command.ts";
import { PolicyError, parsePolicy } from "../src/policy/parse-policy.ts";
import { openPolicyFile } from "../src/policy/policy-file.ts";
import { generator } from "./policy-generator.ts";

const policyOf = (...callers: string[]) =>
  `version: 1
groups:
  people: [${callers.map((caller) => JSON.stringify(caller)).join(", ")}]
rules:
  - id: people
    groups: [people]
    callers: [${callers.map((caller) => JSON.stringify(caller)).join(", ")}]
    verbs: [read]
    parameters: ["**"]
`;
const ALICE = "aws:111122223333:Developer:alice@example.com";
const WRITE =
  "write aws:<account>:<role>:<session>, the session's name as AWS has it, such as aws:111122223333:Developer:alice@example.com";

for (const caller of [
  ALICE,
  "*",
  "aws:*",
  "aws:111122223333:*",
  "aws:111122223333:Developer:*",
  "aws:*:Developer:alice@example.com",
  "aws:*:alice@example.com",
  "aws:1111*:Dev*:*@example.com",
  "*@example.com",
  "*:Developer:*",
  "aws:111122223333:Role=,.@-_+x:a=,.@-_+b",
  "aws:111122223333:Developer:a%2Fb",
]) {
  test(`${caller} can be the owner of an API key`, () => {
    assert.equal(callerFault(caller, "api-key"), undefined);
    parsePolicy(policyOf(caller), "api-key");
  });
}

for (const [caller, mended] of [
  ["alice", WRITE],
  ["alice@example.com", WRITE],
  ["alice-example.com", WRITE],
  ["alice*", WRITE],
  ["system:serviceaccount:payments:*", WRITE],
  ["AWS:111122223333:Developer:alice@example.com", WRITE],
  ["aws:111122223333:Developer", WRITE],
  ["aws:111122223333:Developer:", WRITE],
  ["aws:111122223333::alice", WRITE],
  ["aws:11112222333:Developer:alice", WRITE],
  ["aws:1111222233334:Developer:alice", WRITE],
  ["aws:payments:Developer:alice", WRITE],
  ["aws:111122223333:path/Developer:alice", WRITE],
  ["aws:111122223333:Developer:alice:*", WRITE],
  ["aws:*:*:*:*", WRITE],
  ["aws:111122223333:Developer:alice ", WRITE],
  ["aws:111122223333:Developer:ключ", WRITE],
  // one spelling of each name: these would never be compared equal
  ["aws:111122223333:Developer:alice%40example.com", WRITE],
  ["aws:111122223333:Developer:a%2fb", WRITE],
  ["aws:111122223333:Developer:a%2", WRITE],
  ["aws:111122223333:Developer:100%*", WRITE],
  [
    "arn:aws:sts::111122223333:assumed-role/Developer/alice@example.com",
    "write aws:111122223333:Developer:alice@example.com",
  ],
  ["arn:aws-us-gov:sts::*:assumed-role/Developer/*", "write aws:*:Developer:*"],
  ["arn:aws:iam::111122223333:role/people/Developer", "write aws:111122223333:Developer:*"],
  ["anonymous", "everybody is asked for one, so leave it out"],
] as const) {
  test(`${caller} is nobody where callers have API keys`, () => {
    const message = `no API key has the caller ${caller}; ${mended}`;
    assert.throws(
      () => parsePolicy(policyOf("*", caller), "api-key"),
      new PolicyError([
        `line 3: groups.people[1]: ${message}`,
        `line 7: rules[0].callers[1]: ${message}`,
      ]),
    );
    parsePolicy(policyOf(caller), "any");
  });
}

test("where callers have tokens, an owner of an API key is nobody", () => {
  for (const caller of [ALICE, "aws:*", "aws:111122223333:*:*"]) {
    assert.throws(
      () => parsePolicy(policyOf(caller), "jwt"),
      /is the caller of an API key, and the gateway asks for tokens; write what the token's claim says/,
    );
  }
  for (const caller of [
    "alice",
    "*",
    "anonymous",
    "aws:arn",
    "system:serviceaccount:a:b",
    "ключ",
  ]) {
    parsePolicy(policyOf(caller), "jwt");
  }
});

test("faults of callers are told beside those of the fields", () => {
  const text =
    "version: 2\nrules:\n  - id: a\n    callers: [bob,\n      7]\n    verbs: [fly]\n    parameters: [a]\n";
  assert.throws(
    () => parsePolicy(text, "api-key"),
    new PolicyError([
      "line 1: version: must be 1; it was the number 2",
      `line 4: rules[0].callers[0]: no API key has the caller bob; ${WRITE}`,
      "line 5: rules[0].callers[1]: must be a string; it was the number 7",
      "line 6: rules[0].verbs[0]: must be one of list, read, presign-get, presign-put; it was a text of 3 characters",
    ]),
  );
});

test("the callers in docs/policy.md can be owners of API keys", () => {
  const document = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8");
  const [, , groups = ""] = document.split(/^```yaml\n/m).map((part) => part.split("```")[0]);
  const rules = "rules: [{id: a, groups: [developers, on-call], verbs: [list], buckets: [a-b]}]";
  const policy = parsePolicy(`version: 1\n${groups}${rules}\n`, "api-key");
  const bucket = { kind: "bucket", name: "a-b" } as const;
  assert.ok(policy.decide({ caller: ALICE, groups: undefined }, "list", bucket).allow);
});

/** A glob made of somebody's name: characters left out for stars, some of which stand for nothing. */
function globOf(name: string, { below }: ReturnType<typeof generator>): string {
  let glob = "";
  for (let at = 0; at < name.length; ) {
    const choice = below(6);
    if (choice === 0) {
      glob += "*";
      at += below(9);
    } else {
      glob += name[at];
      at++;
    }
  }
  return below(3) === 0 ? `${glob}*` : glob;
}

/** Globs that match a key's owner and are refused; `spoil` changes a glob before it is judged. */
function refusedThoughMatching(count: number, spoil = (glob: string) => glob): string[] {
  const random = generator(14);
  const { below, one, some } = random;
  const word = () => some(() => one([..."aB9@._=,+-", ":", "/", " ", "*", "%", "é"]), 9).join("");
  const refused: string[] = [];
  for (let made = 0; made < count; made++) {
    const account = Array.from({ length: 12 }, () => below(10)).join("");
    const name = keyCaller({ account, role: word(), session: word() });
    const glob = globOf(name, random);
    // a star in the middle of an encoded character spells half of it, which nobody means
    if (/%(?![0-9A-F]{2})/.test(glob)) continue;
    if (!compileFlatGlob(glob)(name)) continue;
    if (callerFault(spoil(glob), "api-key") !== undefined) refused.push(glob);
  }
  return refused;
}

test("no glob that matches an owner of a key is refused; a judge that wants a star less is found out", () => {
  assert.deepEqual(refusedThoughMatching(20_000), []);
  assert.notEqual(refusedThoughMatching(2000, (glob) => glob.replace("*", "")).length, 0);
});

async function fileOf(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), "policy-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "policy.yaml");
  await writeFile(path, text);
  const put = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  return { path, put };
}

test("a bare username stops the start where callers have API keys, with what to write", async (t) => {
  const { path } = await fileOf(t, policyOf("alice-example.com"));
  const main = join(import.meta.dirname, "../src/main.ts");
  const run = (ACCESS_POLICY_CALLERS: string) =>
    spawnSync(process.execPath, ["--conditions=airlock-source", main], {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ENVIRONMENT: "dev",
        ACCESS_POLICY_FILE: path,
        ACCESS_POLICY_CALLERS,
      },
    });
  const { status, stderr } = run("api-key");
  assert.equal(status, 1, stderr);
  const fault = `no API key has the caller alice-example.com; ${WRITE}`;
  assert.equal(
    stderr,
    `ACCESS_POLICY_FILE cannot be used:\nline 3: groups.people[0]: ${fault}\nline 7: rules[0].callers[0]: ${fault}\n`,
  );
  assert.match(run("keys").stderr, /ACCESS_POLICY_CALLERS: must be one of any, jwt, api-key/);
});

test("a bare username in a new policy leaves the one before in place, and is logged", async (t) => {
  const { path, put } = await fileOf(t, policyOf(ALICE));
  const lines: string[] = [];
  const write = (fields: object | string) => void lines.push(JSON.stringify(fields));
  const file = await openPolicyFile(path, { info: write, warn: write, error: write }, "api-key");
  t.after(() => file.close());
  const decide = (caller: string) =>
    file.current().decide({ caller, groups: undefined }, "read", {
      kind: "parameter",
      name: "a" as ParameterName,
    });
  await put(policyOf("alice-example.com"));
  await file.refresh();
  assert.equal(file.isFresh(), false);
  assert.deepEqual([decide(ALICE).allow, decide("alice-example.com").allow], [true, false]);
  assert.match(lines.join(), /no API key has the caller alice-example\.com; write aws:<account>/);
  await put(policyOf("aws:111122223333:Developer:bob@example.com"));
  await file.refresh();
  assert.equal(file.isFresh(), true);
  assert.equal(decide(ALICE).allow, false);
});

test("the command judges as the service does: by its word, else by ACCESS_POLICY_CALLERS", async (t) => {
  const { path } = await fileOf(t, policyOf(ALICE));
  const other = await fileOf(t, policyOf("alice"));
  const run = (words: readonly string[], kind?: string) => answer(words, path, kind);
  assert.equal(run(["check", path, "--callers", "api-key"]).exitCode, 0);
  assert.equal(run(["check", path, "--callers", "jwt"], "api-key").exitCode, 1);
  const faulty = run(["check", other.path], "api-key");
  assert.equal(faulty.exitCode, 1);
  assert.match(faulty.text, /^line 3: groups\.people\[0\]: no API key has the caller alice; write/);
  assert.equal(run(["check", other.path], "").exitCode, 0);
  assert.equal(run(["explain", ALICE, "read", "a"], "api-key").exitCode, 0);
  assert.throws(() => run(["explain", "alice-example.com", "read", "a"], "api-key"), {
    message: `no API key has the caller alice-example.com; ${WRITE}`,
  });
  assert.throws(() => run(["explain", ALICE, "read", "a", "--callers", "keys"]), {
    message: "keys is no kind of callers: any, jwt, api-key",
  });
});
