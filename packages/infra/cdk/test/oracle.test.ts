/** Ten thousand requests: our evaluator and the oracle agree on each, and nobody outside the list gets in. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { executionApiPolicy, methodArns } from "../../src/policies/execution-api.ts";
import { type PolicyDocument, policy } from "../../src/policy-document.ts";
import { oraclesVerdict, ownVerdict } from "../oracle/oracle.ts";
import { API, type Asked, requests } from "../oracle/requests.ts";

const SYNTHESISED = executionApiPolicy(API);
const REQUESTS = requests(10_000, 24);

const SEEDS = policy({
  Effect: "Allow",
  Principal: { AWS: API.roles },
  Action: "execute-api:Invoke",
  Resource: "*",
});
/** The seed's policy, and ours with one statement less. */
const WEAKER: Readonly<Record<string, PolicyDocument>> = {
  "the seed's": SEEDS,
  "an allow of the methods and nothing else": policy({
    Effect: "Allow",
    Principal: { AWS: API.roles },
    Action: "execute-api:Invoke",
    Resource: methodArns(API),
  }),
  ...Object.fromEntries(
    ["NoOtherPrincipal", "NoOtherMethod", "NoPlainHttp"].map((sid) => [
      `ours without ${sid}`,
      policy(...SYNTHESISED.Statement.filter(({ Sid }) => Sid !== sid)),
    ]),
  ),
};

/** Those that get in and should not, and those that should and do not. */
const wrong = (document: PolicyDocument) =>
  REQUESTS.filter((one) => (ownVerdict(document, one) === "allowed") !== one.mayGetIn);

/** The oracle sees a session, and so not that its role has a path: for AWS that is another role. */
const isTold = ({ principal }: Asked) =>
  principal.arn?.includes("/team/") !== true || principal.session === principal.arn;

async function disagreements(document: PolicyDocument, asked: readonly Asked[]) {
  const found: string[] = [];
  for (const one of asked) {
    const [own, oracle] = [ownVerdict(document, one), await oraclesVerdict(document, one)];
    if (own !== oracle && found.length < 5)
      found.push(`${own}, oracle ${oracle}: ${JSON.stringify(one)}`);
  }
  return found;
}

describe("the policy of the execution API", () => {
  test("10,000 requests: all of the list get in, and nobody else", () => {
    const inside = REQUESTS.filter(({ mayGetIn }) => mayGetIn).length;
    assert.ok(inside > 300, `${inside} of the list`);
    assert.deepEqual(wrong(SYNTHESISED), []);
  });

  test("10,000 requests: the oracle says the same of each", async () => {
    assert.deepEqual(await disagreements(SYNTHESISED, REQUESTS), []);
  });

  test("with an endpoint: the same, and only from there", async () => {
    const document = executionApiPolicy({ ...API, vpcEndpoint: "vpce-0a1b2c3d" });
    const some = REQUESTS.slice(0, 1000);
    const inside = some.filter((one) => ownVerdict(document, one) === "allowed");
    assert.ok(inside.length > 5, String(inside.length));
    for (const { mayGetIn, context } of inside) {
      assert.equal(mayGetIn, true);
      assert.equal(context["aws:SourceVpce"], "vpce-0a1b2c3d");
    }
    assert.deepEqual(await disagreements(document, some), []);
  });

  test("docs/compatibility.md says how many the seed's policy lets in that it should not", () => {
    const page = new URL("../../../../docs/compatibility.md", import.meta.url);
    const [, told = ""] =
      /the seed's policy lets in ([\d,]+) that/.exec(readFileSync(page, "utf8")) ?? [];
    const strangers = wrong(SEEDS).filter(({ mayGetIn }) => !mayGetIn);
    assert.equal(told, strangers.length.toLocaleString("en"));
  });

  for (const [name, document] of Object.entries(WEAKER)) {
    test(`planted, ${name}: strangers get in and are found, and the oracle sees them too`, async () => {
      const strangers = wrong(document).filter(({ mayGetIn }) => !mayGetIn);
      assert.ok(strangers.length >= 10, `${strangers.length} strangers`);
      const some = REQUESTS.slice(0, 500).filter(isTold);
      assert.deepEqual(await disagreements(document, some), []);
    });
  }
});
