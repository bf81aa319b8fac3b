/** Holds the rights that were given against the requests that were sent. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { Recorded } from "./recording-proxy.ts";
import type { Right } from "./request-right.ts";

/** Of these the one step is about, and of all others the other. */
export const isOfDisks = (right: Right): boolean =>
  /(persistentvolumeclaims|volumesnapshots|events)\b/.test(right);

export interface Rights {
  /** Those that a step is to use. */
  readonly used: readonly Right[];
  readonly granted: readonly Right[];
}

/** Every right is used that is to be, and none was missing. */
export function checkUse(
  stage: Stage,
  { used, granted }: Rights,
  requests: readonly Recorded[],
): void {
  const asked = Map.groupBy(requests, ({ right }) => right);
  for (const right of used) {
    const count = asked.get(right)?.length ?? 0;
    stage.check(
      `the right: ${right}`,
      "used",
      count > 0,
      `${count} requests`,
      count ? "used" : "never",
    );
  }
  const missing = [...asked.keys()].filter((right) => !granted.includes(right));
  const refused = requests.filter(({ status }) => status === 403).map(({ right }) => right);
  const faults = [...new Set([...missing, ...refused])];
  const count = `${requests.length} requests`;
  stage.check(
    "rights that are missing",
    "none",
    faults.length === 0,
    count,
    faults.join(", ") || "none",
  );
}
