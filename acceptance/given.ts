/** Tests that need something of a deployment: where it is not, there is no test, and a line says why. */
import { test } from "node:test";

export const NOT_RUN = "not run: ";

export interface Given<Found> {
  /** Why a test is not run. */
  readonly without: string;
  /** What the test is about; undefined where this deployment has none. */
  find(): Promise<Found | undefined>;
}

/** A test that did nothing would be a green one. */
export async function testGiven<Found>(
  name: string,
  given: Given<Found>,
  body: (found: Found) => Promise<void>,
): Promise<void> {
  const found = await given.find();
  if (found !== undefined) test(name, () => body(found));
  else process.stdout.write(`${NOT_RUN}${name}: ${given.without}\n`);
}
