/** Holds the rights that were given against the requests that were sent. */
import type { Stage } from "../../../scenarios/src/scenario.ts";
import type { Recorded } from "./recording-proxy.ts";
import type { Right } from "./request-right.ts";

/** Every right is used, and none was missing. */
export function checkUse(
  stage: Stage,
  granted: readonly Right[],
  requests: readonly Recorded[],
): void {
  const asked = Map.groupBy(requests, ({ right }) => right);
  for (const right of granted) {
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
