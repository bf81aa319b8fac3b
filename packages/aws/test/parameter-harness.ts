import type { TestContext } from "node:test";
import type { Read } from "@airlock/aws";
import type { Parameter, ProblemError } from "@airlock/contract";
import type { LocalAws } from "@airlock/local-aws";
import { PLAIN_FORM, type Rig, startRig, until } from "./harness.ts";

export interface ParameterRig extends Rig {
  /** Puts the clock of caches and budget forward; the sockets know nothing of it. */
  advance(ms: number): void;
  /** What `observeRead` was told. */
  readonly reads: string[];
  /** Calls of an operation of SSM since this was last asked of it. */
  newCalls(operation?: string): number;
}

const LARGE = { SSM_CALLS_PER_SECOND: "1000", SSM_DESCRIBE_CALLS_PER_SECOND: "1000" };

/** A rig with a session. Without a budget in `env` the budget is too large to be felt. */
export async function startParameterRig(
  t: TestContext,
  env: Record<string, string> = {},
  prepare: (local: LocalAws) => void = () => {},
): Promise<ParameterRig> {
  let aheadMs = 0;
  const reads: string[] = [];
  const rig = await startRig(t, { ...PLAIN_FORM, ...LARGE, ...env }, prepare, {
    now: () => performance.now() + aheadMs,
    observeRead: (kind, state) => reads.push(`${kind} ${state}`),
  });
  await until(() => rig.aws.session.isValid());
  const counted = new Map<string, number>();
  return {
    ...rig,
    reads,
    advance(ms) {
      aheadMs += ms;
    },
    newCalls(operation = "GetParameters") {
      const total = rig.local.calls.counts().byOperation[`ssm.${operation}`] ?? 0;
      const before = counted.get(operation) ?? 0;
      counted.set(operation, total);
      return total - before;
    },
  };
}

/** Those that were read, by name. */
export function readOnes(
  found: ReadonlyMap<string, Read<Parameter> | ProblemError>,
): Map<string, Read<Parameter>> {
  return new Map([...found].flatMap(([name, one]) => ("value" in one ? [[name, one]] : [])));
}

/** Parameters /airlock/many/p-00001 and so on. @returns their names */
export function putMany(local: LocalAws, count: number): string[] {
  local.parameters.put({ count, prefix: "/airlock/many" });
  return namesOf("many", count);
}

/** Names as `putMany` gives them, of parameters that need not be there. */
export const namesOf = (group: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `/airlock/${group}/p-${String(i + 1).padStart(5, "0")}`);
