/** Each rule finds the fault it is for, names object and rule, and is quiet about what is here. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ARGO_RULES, DEPLOYED_RULES } from "../src/check.ts";
import { CHECKLIST } from "../src/checklist.ts";
import { linesOf } from "../src/report.ts";
import { FAULTS, findingsOf, isThere, WORLDS } from "./faults.ts";

const RULES = [...DEPLOYED_RULES, ...ARGO_RULES];

describe("the manifests as they are", () => {
  for (const world of WORLDS) {
    test(`${world} has no fault`, async () => {
      assert.deepEqual(linesOf([[world, await findingsOf(world)]]), []);
    });
  }
});

describe("a planted fault", () => {
  for (const [index, fault] of FAULTS.filter(isThere).entries()) {
    test(`${index + 1}: ${fault.rule} finds what is wrong with ${fault.on ?? fault.at}`, async () => {
      const object = fault.at ?? fault.on;
      const findings = await findingsOf(fault.world ?? "prod", fault);
      const hit = findings.find(
        (finding) => finding.rule === fault.rule && finding.object === object,
      );
      assert.ok(hit, `not found; what was found: ${linesOf([["", findings]]).join("\n")}`);
      const [line = ""] = linesOf([["prod", [hit]]]);
      assert.ok(line.startsWith(`${object}: `) && line.includes(`[${fault.rule}`), line);
    });
  }
});

test("every rule has a fault that proves it can fail", () => {
  const proved = new Set(FAULTS.map(({ rule }) => rule));
  assert.deepEqual(
    RULES.map(({ id }) => id).filter((id) => !proved.has(id)),
    [],
  );
});

test("every item of the checklist is held by rules or a test, and every rule belongs to its item", () => {
  assert.deepEqual(
    Object.keys(CHECKLIST).map(Number),
    Array.from({ length: 48 }, (_, index) => index + 1),
  );
  for (const [number, { rules, test: file }] of Object.entries(CHECKLIST)) {
    assert.ok(rules?.length || file, `item ${number} is held by nothing`);
    const own = RULES.filter(({ item }) => item === Number(number)).map(({ id }) => id);
    assert.deepEqual([...own].sort(), [...(rules ?? [])].sort(), `item ${number}`);
  }
});
