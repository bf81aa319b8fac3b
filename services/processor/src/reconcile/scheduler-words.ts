/** The scheduler's sentence about a pod that no node takes, in words for its owner. */

/** Old servers and new ones name the same things differently. */
const CAUSES: readonly (readonly [RegExp, (match: RegExpMatchArray) => string])[] = [
  [/^Insufficient (\S+?)\.?$/, ([, resource = ""]) => `too little free ${nameOf(resource)}`],
  [/^(?:node\(s\) )?had (?:untolerated )?taints?\b.*not-ready/, () => "not ready"],
  [/^(?:node\(s\) )?had (?:untolerated )?taints?\b.*unreachable/, () => "not reachable"],
  [/^(?:node\(s\) )?had (?:untolerated )?taints?\b.*disk-pressure/, () => "short of disk space"],
  [/^(?:node\(s\) )?had (?:untolerated )?taints?\b.*memory-pressure/, () => "short of memory"],
  [/^(?:node\(s\) )?had (?:untolerated )?taints?\b/, () => "reserved for other work"],
  [/^(?:node\(s\) )?were unschedulable/, () => "closed for new pods"],
  [/^(?:node\(s\) )?were not ready/, () => "not ready"],
  [/didn't match Pod's node affinity/, () => "not the one that was chosen for it"],
  [/didn't match pod affinity|anti-affinity/, () => "kept apart from it by a rule"],
  [/had volume node affinity conflict/, () => "in another zone than its disk"],
  [/exceed max volume count/, () => "out of places for disks"],
  [/^Too many pods/, () => "full of pods"],
];

/** Of the pod, not of nodes: no number stands before them. */
const UNBOUND = /unbound (immediate )?PersistentVolumeClaims|WaitForPodScheduled/;
const GATED = /non-empty scheduling gates/;
const CLAIM_MISSING = /persistentvolumeclaim "[^"]*" (not found|is being deleted)/;

const RESOURCES: Readonly<Record<string, string>> = {
  cpu: "CPU",
  memory: "memory",
  "ephemeral-storage": "disk space",
  pods: "room for pods",
};
const nameOf = (resource: string): string => RESOURCES[resource] ?? resource;

/**
 * `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had taint {a: b}, that the pod didn't
 * tolerate.` and what newer ones add to it, `preemption: …`.
 */
export function explainUnscheduled(message: string): string {
  if (GATED.test(message)) {
    return "Waits until somebody else lets its pod in: it has scheduling gates.";
  }
  if (UNBOUND.test(message)) return "Waits for the volume of its disk, which is being made.";
  if (CLAIM_MISSING.test(message)) return "Waits for the volume of its disk, which is not there.";
  const head = /^0\/(\d+) nodes are available: (.*)$/s.exec(message.trim());
  if (!head) return `Waits for its node: ${message.trim() || "no reason was given"}`;
  const [, , list = ""] = head;
  const [causes = ""] = list.split(/ ?preemption: /);
  // commas stand within a cause as well, but each cause begins with a number
  const found = causes
    .replace(/\.\s*$/, "")
    .split(/, (?=\d+ )/)
    .map((cause) => /^(\d+) (.*)$/s.exec(cause))
    .filter((match) => match !== null)
    .map(([, count = "", words = ""]) => ({ count: Number(count), words: wordsOf(words) }))
    // that all other nodes are not the chosen one is by our own doing
    .filter(({ words }) => words !== "not the one that was chosen for it");
  if (found.length === 0) return "Waits for its node, which the cluster does not have at present.";
  const told = found.map(({ count, words }) => `${count} ${count === 1 ? "is" : "are"} ${words}`);
  return `Waits for its node: of the cluster's nodes, ${told.join(", ")}.`;
}

function wordsOf(cause: string): string {
  for (const [pattern, say] of CAUSES) {
    const match = pattern.exec(cause);
    if (match) return say(match).replace(/^too little/, "with too little");
  }
  return `unfit (${cause})`;
}
