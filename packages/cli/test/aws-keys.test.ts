/** Whose credentials a login takes: the same as the AWS CLI does in the same shell. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { awsKeyFinder } from "../src/auth/aws-keys.ts";
import { CliError } from "../src/cli-error.ts";
import type { Environment } from "../src/environment.ts";
import { temporaryHome } from "./harness.ts";

const OF_SHELL = {
  AWS_ACCESS_KEY_ID: "ASIAOFTHEENVIRONMENT",
  AWS_SECRET_ACCESS_KEY: "secret-of-the-environment",
  AWS_SESSION_TOKEN: "token-of-the-environment",
};

async function finder(t: TestContext, profiles: readonly string[], env: Environment) {
  const AWS_CONFIG_FILE = join(await temporaryHome(t), "config");
  const sections = profiles.map((name) => `[profile ${name}]\nregion = ${name}-region-1\n`);
  await writeFile(AWS_CONFIG_FILE, sections.join(""));
  return awsKeyFinder({ AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE: "/dev/null", ...env });
}

test("keys of the environment go before AWS_PROFILE, whose region is used", async (t) => {
  for (const profiles of [["other"], []]) {
    const find = await finder(t, profiles, { ...OF_SHELL, AWS_PROFILE: "other" });
    const { keys, source, region } = await find(undefined);
    assert.deepEqual(keys, {
      accessKeyId: OF_SHELL.AWS_ACCESS_KEY_ID,
      secretAccessKey: OF_SHELL.AWS_SECRET_ACCESS_KEY,
      sessionToken: OF_SHELL.AWS_SESSION_TOKEN,
    });
    assert.equal(source, "the environment");
    assert.equal(region, profiles[0] && "other-region-1");
  }
});

test("a profile that is not there is named, whoever names it, and nothing else is taken", async (t) => {
  const cases: readonly (readonly [Environment, string | undefined, RegExp])[] = [
    [{ AWS_PROFILE: "nope" }, undefined, /no AWS profile "nope", which AWS_PROFILE names\.$/],
    [{ ...OF_SHELL, AWS_PROFILE: "other" }, "nope", /no AWS profile "nope"\.$/],
  ];
  for (const [env, named, says] of cases) {
    const find = await finder(t, ["other"], env);
    await assert.rejects(find(named), (error) => {
      assert.ok(error instanceof CliError, String(error));
      assert.match(error.message, says);
      return true;
    });
  }
});
