/** Runs acceptance tests, and holds what fails against what is known to. */
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { NOT_RUN } from "../../../acceptance/given.ts";

/** Why a server cannot pass a test, by the name of the test. */
export type Exceptions = Readonly<Record<string, string>>;

export interface Verdict {
  readonly passed: number;
  /** The exceptions that were needed. */
  readonly excepted: readonly string[];
  readonly faults: readonly string[];
}

/** Writes the tests' report to standard output. */
export async function runTests(
  files: readonly string[],
  baseUrl: string,
  exceptions: Exceptions,
): Promise<Verdict> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  const notRun: string[] = [];
  const env = { ...process.env, BASE_URL: baseUrl };
  const events = run({ files: [...files], concurrency: false, env });
  events.on("test:pass", ({ name }) => passed.add(name));
  events.on("test:fail", ({ name }) => failed.add(name));
  events.on("test:stdout", ({ message }) => {
    notRun.push(...message.split("\n").filter((line) => line.startsWith(NOT_RUN)));
  });
  const ended = new Promise((resolve) => events.once("end", resolve));
  events.compose(spec).pipe(process.stdout);
  await ended;
  return { passed: passed.size, ...judge({ passed, failed, notRun }, exceptions) };
}

interface Results {
  readonly passed: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly notRun: readonly string[];
}

/** An exception that is not needed is a fault as well: it would hide the next one. */
export function judge({ passed, failed, notRun }: Results, exceptions: Exceptions) {
  const excepted = Object.keys(exceptions).filter((name) => failed.has(name));
  const faults = [
    ...[...failed].filter((name) => !(name in exceptions)).map((name) => `fails: ${name}`),
    ...notRun.map((line) => line.trim()),
    ...Object.keys(exceptions)
      .filter((name) => !failed.has(name))
      .map((name) => `excepted, and ${passed.has(name) ? "passes" : "no test"}: ${name}`),
  ];
  return { excepted, faults };
}
