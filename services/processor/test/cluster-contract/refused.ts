/** That a call is refused, why, and in which words. */
import assert from "node:assert/strict";
import { ClusterError, type FailureKind } from "../../src/cluster/index.ts";

/** Of nobody. */
export const OTHER_UID = "6b2c7a5e-0000-4000-8000-000000000000";

export async function refused(
  work: Promise<unknown>,
  kind: FailureKind,
  words: RegExp,
  secret?: string,
): Promise<void> {
  const error = await work.then(
    (value) => assert.fail(`was not refused: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClusterError, String(error));
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, words);
  assert.ok(secret === undefined || !error.message.includes(secret), error.message);
}
