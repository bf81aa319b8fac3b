/** Runs schemas, rules and waivers over a world. */
import { applicationsOf } from "./argo.ts";
import { type K8sObject, nameOf } from "./objects.ts";
import type { Rule } from "./rule.ts";
import { argoRules, waveRules } from "./rules/argo.ts";
import { availabilityRules } from "./rules/availability.ts";
import { edgeRules } from "./rules/edge.ts";
import { frontRules } from "./rules/front.ts";
import { identityRules } from "./rules/identity.ts";
import { lifecycleRules } from "./rules/lifecycle.ts";
import { networkRules } from "./rules/network.ts";
import { podSecurityRules } from "./rules/pod-security.ts";
import { releaseRules } from "./rules/releases.ts";
import { rightsRules } from "./rules/rights.ts";
import { supplyChainRules } from "./rules/supply-chain.ts";
import { schemaFaults } from "./schema.ts";
import type { World } from "./world.ts";

export const DEPLOYED_RULES: readonly Rule[] = [
  ...podSecurityRules,
  ...identityRules,
  ...rightsRules,
  ...networkRules,
  ...edgeRules,
  ...frontRules,
  ...availabilityRules,
  ...releaseRules,
  ...lifecycleRules,
  ...supplyChainRules,
  ...waveRules,
];
export const ARGO_RULES: readonly Rule[] = argoRules;

/** The domain before it is anybody's, as a replacement of all of its names makes it. */
const WAIVER = /^[\w.-]+\/waive-(?<rule>[\w-]+)$/;

export interface Finding {
  readonly object: string;
  readonly rule: string;
  readonly sentence: string;
}

/** All faults of what is deployed: schema first, and rules only over what the schema admits. */
export function checkDeployed(world: World): Promise<Finding[]> {
  return check(world, DEPLOYED_RULES);
}

/** All faults of k8s/argocd; the ApplicationSet's Applications are checked like written ones. */
export function checkArgo(objects: readonly K8sObject[]): Promise<Finding[]> {
  const made = objects.filter(({ kind }) => kind === "ApplicationSet").flatMap(applicationsOf);
  return check(
    { name: "argocd", environment: undefined, objects: [...objects, ...made] },
    ARGO_RULES,
  );
}

async function check(world: World, rules: readonly Rule[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const object of world.objects) {
    for (const sentence of await schemaFaults(object)) {
      findings.push({ object: nameOf(object), rule: "schema", sentence });
    }
  }
  if (findings.length > 0) return findings;
  const used = new Set<string>();
  for (const rule of rules) {
    rule.check(world, (object, sentence) => {
      const isWaived = waiversOf(object).some(([waived, reason]) => waived === rule.id && reason);
      if (isWaived) used.add(`${nameOf(object)} ${rule.id}`);
      else findings.push({ object: nameOf(object), rule: rule.id, sentence });
    });
  }
  return [...findings, ...idleWaivers(world, used)];
}

/** A waiver has a reason and is needed: one that outlives its fault would hide the next one. */
function idleWaivers(world: World, used: ReadonlySet<string>): Finding[] {
  return world.objects.flatMap((object) =>
    waiversOf(object).flatMap(([rule, reason]) => {
      const sentence =
        reason.length < 30
          ? "the waiver needs its reason, in a sentence"
          : used.has(`${nameOf(object)} ${rule}`)
            ? undefined
            : "the waiver is not needed";
      return sentence === undefined ? [] : [{ object: nameOf(object), rule, sentence }];
    }),
  );
}

/** Rule and reason of each. */
const waiversOf = ({ metadata }: K8sObject): [rule: string, reason: string][] =>
  Object.entries(metadata.annotations ?? {}).flatMap(([key, reason]) => {
    const rule = WAIVER.exec(key)?.groups?.rule;
    return rule === undefined ? [] : [[rule, reason]];
  });
