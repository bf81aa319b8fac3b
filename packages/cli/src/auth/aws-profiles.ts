/** Which profiles the AWS configuration has, and their settings, as far as they decide something here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../environment.ts";

export type AwsProfiles = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Files that are not there, or cannot be read, have none: the chain says so, in its own words. */
export async function readAwsProfiles(env: Environment): Promise<AwsProfiles> {
  const { HOME = "", AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = env;
  const paths = [
    AWS_CONFIG_FILE || join(HOME, ".aws/config"),
    AWS_SHARED_CREDENTIALS_FILE || join(HOME, ".aws/credentials"),
  ];
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")));
  const profiles = new Map<string, Map<string, string>>();
  for (const text of texts) {
    let current: Map<string, string> | undefined;
    for (const line of text.split(/\r?\n/)) {
      const section = /^\s*\[\s*(?:profile\s+)?"?([^\]"]+?)"?\s*\]/.exec(line)?.[1];
      if (section !== undefined) {
        current = profiles.get(section) ?? new Map();
        profiles.set(section, current);
        continue;
      }
      const [, name, value] = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) current?.set(name, value);
    }
  }
  return profiles;
}
