/** Who is an operator: the spelling of callers of API keys, globs, and what does not get past them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keyCaller } from "@airlock/identity";
import { adminSubjects, createIsAdmin, isOpenToAll } from "../src/admin/admin-subjects.ts";

const read = (text: string): readonly string[] => adminSubjects().parse(text);
const caller = (session: string, role = "Dev", account = "111122223333") =>
  keyCaller({ account, role, session });

test("several subjects stand between blanks or commas; a name may hold a comma itself", () => {
  const [a, b] = ["aws:111122223333:Dev:alice", "aws:111122223333:Dev:bob"];
  for (const between of [" ", ",", ", ", "\n", "  \t"]) {
    assert.deepEqual(read(`${a}${between}${b}`), [a, b], JSON.stringify(between));
  }
  assert.deepEqual(read("aws:111122223333:Dev:a,b"), ["aws:111122223333:Dev:a,b"]);
  assert.deepEqual(read(`${a},`), [a]);
});

test("what no API key has for a caller is refused, with what to write instead", () => {
  for (const [text, says] of [
    ["alice", /write aws:<account>/],
    ["arn:aws:sts::444455556666:assumed-role/Dev/alice", /write aws:444455556666:Dev:alice/],
    ["arn:aws:iam::111122223333:role/team/Dev", /write aws:111122223333:Dev:\*/],
    ["AWS:111122223333:Dev:alice", /no API key/],
    ["aws:111122223333:Dev:al ice:x", /no API key/],
    ["aws:111122223333:Dev:%61lice", /no API key/],
    ["aws:111122223333:Dev:älice", /no API key/],
    ["system:serviceaccount:a:b", /no API key/],
  ] as const) {
    const { error } = adminSubjects().safeParse(text);
    assert.match(error?.issues.map(({ message }) => message).join() ?? "", says, text);
  }
});

const cases: readonly (readonly [
  subjects: string,
  yes: readonly string[],
  no: readonly string[],
])[] = [
  [
    "aws:111122223333:Dev:alice@example.com",
    [caller("alice@example.com")],
    [
      caller("Alice@example.com"),
      caller("alice@example.comx"),
      caller("xalice@example.com"),
      caller("alice@example.com", "dev"),
      caller("alice@example.com", "DevX"),
      caller("alice@example.com", "Dev", "444455556666"),
      // looks the same: Cyrillic а, full-width @
      caller("\u0430lice@example.com"),
      caller("alice\uff20example.com"),
      caller("alice@example.com\n"),
      caller("alice@example.com "),
    ],
  ],
  [
    "aws:111122223333:Ops:*",
    [caller("anybody", "Ops"), caller("a:b", "Ops")],
    [caller("Ops"), caller("Ops:x"), caller("x", "OpsX"), caller("111122223333:Ops:x")],
  ],
  [
    "aws:111122223333:Ops:on-*@example.com",
    [caller("on-call@example.com", "Ops"), caller("on-@example.com", "Ops")],
    [
      caller("on-call@example.com.evil", "Ops"),
      caller("on-@example.co", "Ops"),
      caller("on-call%40example.com", "Ops"),
    ],
  ],
  [
    // the star is in the middle: no session that its owner chose brings the rest with it
    "aws:*:Ops:alice",
    [caller("alice", "Ops"), caller("alice", "Ops", "444455556666")],
    [caller("x:Ops:alice"), caller("Ops:alice"), caller(":Ops:alice", "Dev"), caller("alice")],
  ],
  [
    "aws:111122223333:*-admin:*",
    [caller("x", "db-admin")],
    [caller("db-admin"), caller("x-admin:y"), caller("x", "db-administrator")],
  ],
  [
    "aws:111122223333:Dev:a*a*a*a*a*a*a*a*b",
    [caller(`${"a".repeat(60)}b`)],
    [caller("a".repeat(64))],
  ],
];

for (const [subjects, yes, no] of cases) {
  test(`${subjects} names these and no others`, () => {
    const isAdmin = createIsAdmin(read(subjects));
    for (const one of yes) assert.equal(isAdmin(one), true, one);
    for (const one of no) assert.equal(isAdmin(one), false, one);
    assert.equal(isAdmin(undefined), false);
  });
}

test("a subject that lets every session of the users' role in is seen", () => {
  const allowed = {
    ALLOWED_AWS_ACCOUNTS: ["111122223333", "444455556666"],
    ALLOWED_AWS_ROLE: "Dev",
  };
  for (const open of [
    "aws:111122223333:Dev:*",
    "aws:*:*:*",
    "aws:444455556666:*",
    "*",
    "aws:111122223333:Dev:alice aws:444455556666:D*",
  ]) {
    assert.equal(isOpenToAll(read(open), allowed), true, open);
  }
  for (const closed of [
    "aws:111122223333:Ops:*",
    "aws:*:Dev:alice",
    "aws:111122223333:Dev:ops-*",
  ]) {
    assert.equal(isOpenToAll(read(closed), allowed), false, closed);
  }
  const permissionSet = { ...allowed, ALLOWED_AWS_ROLE: "AWSReservedSSO_Gpu_*" };
  const isOpen = (subject: string) => isOpenToAll(read(subject), permissionSet);
  assert.equal(isOpen("aws:111122223333:AWSReservedSSO_Gpu_*:*"), true);
  assert.equal(isOpen("aws:111122223333:AWSReservedSSO_Gpu_*:alice"), false);
  assert.equal(isOpen("aws:111122223333:AWSReservedSSO_Gpu_0123456789abcdef:alice"), false);
});
