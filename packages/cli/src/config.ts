/** `~/.config/gpu-dev/config.json`: what does not change from one command to the next. */
import { CliError, EXIT, usageError } from "./cli-error.ts";
import type { Environment } from "./environment.ts";
import type { Home } from "./files/home.ts";
import { readIfThere, writeSettings } from "./files/private-file.ts";

/** Its members, in the words of the seed's client where it has them, with what each is for. */
export const CONFIG_KEYS = {
  api_url: "Where the jobs API is, such as https://jobs.example.com.",
  server_id: "The name that logins are signed for; else the host of api_url.",
  region: "Region of AWS to log in with; else that of the environment or the profile.",
  github_user: "Whose SSH keys at GitHub may log in to your boxes, beside your own key.",
  gpu_type: "Type of GPUs where a command says none.",
  image: "Image where a command says none; else the installation's own.",
} as const;
export type ConfigKey = keyof typeof CONFIG_KEYS;
export type Config = { readonly [K in ConfigKey]?: string };

export const isConfigKey = (name: string): name is ConfigKey => Object.hasOwn(CONFIG_KEYS, name);

/** @throws CliError for a file that is no configuration. */
export async function readConfig(home: Home): Promise<Config> {
  const members = await membersOf(home);
  const texts = Object.entries(members).filter(
    ([name, value]) => isConfigKey(name) && typeof value === "string" && value !== "",
  );
  return Object.fromEntries(texts) as Config;
}

/** Members that are not known here stay. @throws CliError */
export async function changeConfig(home: Home, key: ConfigKey, value: string | undefined) {
  const { [key]: _, ...others } = await membersOf(home);
  const members = value === undefined ? others : { ...others, [key]: value };
  await writeSettings(home.config, `${JSON.stringify(members, undefined, 2)}\n`);
}

async function membersOf(home: Home): Promise<Record<string, unknown>> {
  const text = await readIfThere(home.config);
  if (text === undefined || text.trim() === "") return {};
  try {
    const members: unknown = JSON.parse(text);
    if (members instanceof Object && !Array.isArray(members)) return { ...members };
  } catch {
    // told below, with what to do
  }
  throw new CliError(EXIT.usage, `${home.config} is no JSON object.`, {
    next: "Mend it, or remove it and set what you need with `gpu-dev config set`.",
  });
}

/** @throws CliError where there is none, or none that can be asked. */
export function apiUrlOf({ GPU_DEV_API_URL }: Environment, { api_url }: Config): URL {
  const text = GPU_DEV_API_URL || api_url;
  if (!text) {
    const next = "gpu-dev config set api_url https://jobs.example.com (or GPU_DEV_API_URL)";
    throw usageError("Nothing says where the jobs API is.", next);
  }
  return parseApiUrl(text, GPU_DEV_API_URL ? "GPU_DEV_API_URL" : "api_url");
}

/** Without a slash at the end of its path. @throws CliError */
export function parseApiUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && !url.username && !url.password && !url.search && !url.hash;
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    // it is not repeated: somebody may have put a password into it
    throw usageError(`${name} is no address like https://jobs.example.com.`);
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
export const isLoopback = ({ hostname }: URL): boolean => LOOPBACK.test(hostname);

/** What logins are signed for: never what a server says it is. */
export const serverIdOf = (url: URL, { server_id }: Config, option?: string): string =>
  option ?? server_id ?? (isLoopback(url) ? "airlock-dev" : url.hostname);
