/** What is below a path: the parameters, and those that cannot be decrypted. */
import type { Parameter, ProblemError } from "@airlock/contract";

export interface Tree {
  /** Sorted by name. */
  readonly parameters: readonly Parameter[];
  /** Those that AWS refuses to decrypt, sorted by name. */
  readonly failed: readonly FailedParameter[];
  /** Calls that it took: what takes many is asked for less often. */
  readonly calls: number;
}

export interface FailedParameter {
  readonly name: Parameter["name"];
  readonly type: Parameter["type"];
  readonly problem: ProblemError;
}
