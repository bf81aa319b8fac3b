/** `gpu-dev config show`, `gpu-dev config set`. */
import { usageError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import { CONFIG_KEYS, type ConfigKey, changeConfig, isConfigKey, parseApiUrl } from "../config.ts";
import { nearest } from "../nearest.ts";
import { facts } from "../output/table.ts";

export const configShow = command({
  name: "config show",
  aliases: ["config list"],
  about: "show what is configured",
  flags: JSON_FLAG,
  async run({ flags }, { config, output, home, env }) {
    const found = await config();
    if (flags.json) return void output.json(found);
    const url = env.GPU_DEV_API_URL;
    output.print(
      ...facts([
        ["file", home.config],
        ...Object.keys(CONFIG_KEYS).map((key) => [key, found[key as ConfigKey]] as const),
        ["GPU_DEV_API_URL", url && `${url} (instead of api_url)`],
        ["GPU_DEV_API_KEY", env.GPU_DEV_API_KEY && "set"],
      ]),
    );
  },
});

export const configSet = command({
  name: "config set",
  about: "set one of the settings, or take it away",
  operands: [
    { name: "KEY", names: "config key" },
    { name: "VALUE", isOptional: true },
  ],
  flags: { unset: { about: "take it away" } },
  more: `Keys:\n${Object.entries(CONFIG_KEYS)
    .map(([key, about]) => `  ${key.padEnd(12)} ${about}`)
    .join("\n")}`,
  examples: ["gpu-dev config set api_url https://jobs.example.com"],
  async run({ flags, operands: [key = "", value] }, { home, output }) {
    if (!isConfigKey(key)) {
      const keys = Object.keys(CONFIG_KEYS);
      const near = nearest(key, keys);
      throw usageError(
        `There is no setting ${JSON.stringify(key)}.`,
        near ? `Did you mean ${near}?` : `There are ${keys.join(", ")}.`,
      );
    }
    if (flags.unset !== (value === undefined)) {
      throw usageError("A setting needs its value, or --unset.", `gpu-dev config set ${key} VALUE`);
    }
    if (value !== undefined) check(key, value);
    await changeConfig(home, key, value);
    output.note(value === undefined ? `${key} is not set any more.` : `${key} is ${value}.`);
  },
});

function check(key: ConfigKey, value: string): void {
  if (key === "api_url") parseApiUrl(value, "api_url");
  if (key === "server_id" && !/^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}$/.test(value)) {
    throw usageError("server_id is like a host name.");
  }
  if (key === "github_user" && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/.test(value)) {
    throw usageError("github_user is the name of a GitHub user.");
  }
  if (/[\p{Cc}]/u.test(value)) throw usageError(`${key} is one line of text.`);
}
