#!/usr/bin/env node
/** `airlock-policy`: checks a policy file and says what it decides, with the code that aux runs. */
import { answer, UsageError } from "./command.ts";
import { PolicyError } from "./parse-policy.ts";

try {
  const { ACCESS_POLICY_FILE, ACCESS_POLICY_CALLERS } = process.env;
  const words = process.argv.slice(2);
  const { text, exitCode } = answer(words, ACCESS_POLICY_FILE, ACCESS_POLICY_CALLERS);
  process.stdout.write(text);
  process.exitCode = exitCode;
} catch (error) {
  if (!(error instanceof UsageError || error instanceof PolicyError)) throw error;
  process.stderr.write(`airlock-policy: ${error.message}\nSee: airlock-policy --help\n`);
  process.exitCode = 2;
}
