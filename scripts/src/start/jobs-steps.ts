/** The way from an AWS identity to a job, as lines for a shell; a test runs them. */
import { LOCAL_AWS } from "@airlock/local-aws";
import { asksForKeys, hostOf, type Running } from "./examples.ts";
import { shellWord } from "./shell-words.ts";

/** Runs it from the sources. */
const GPU_DEV = "npx --yes pnpm@12 gpu-dev";

/** One after the other, after the lines of a session: log in, submit, look. */
export function jobsSteps({ options, ports, settings }: Running): string[] {
  const port = options.only === "jobs" ? ports.JOBS_PORT : ports.GATEWAY_PORT;
  const serverId = settings.jobs?.LOGIN_SERVER_ID?.trim();
  // without a processor nobody knows which GPUs there are, and nothing runs
  const wish = options.only === "jobs" ? "--instance p5.48xlarge" : "--wait";
  return [
    `export GPU_DEV_API_URL=http://localhost:${port}`,
    ...(serverId ? [`${GPU_DEV} login --server-id ${shellWord(serverId)}`] : []),
    `${GPU_DEV} submit ${wish} -- echo hello`,
    `${GPU_DEV} list --status all`,
    ...(asksForKeys(settings.gateway)
      ? ["KEY=$(grep -o 'gpud_[0-9A-Za-z]*' ~/.gpu-dev/credentials)"]
      : []),
  ];
}

/** Why these steps lead nowhere with the settings of the run; undefined when they do. */
export function whyNoSteps({ options, settings }: Running): string | undefined {
  const { ALLOWED_AWS_ROLE, ALLOWED_AWS_ACCOUNTS } = settings.jobs ?? {};
  const role = ALLOWED_AWS_ROLE?.trim() || LOCAL_AWS.gpuRole;
  const accounts = ALLOWED_AWS_ACCOUNTS?.split(",").map((account) => account.trim());
  if (role !== LOCAL_AWS.gpuRole || !accounts?.includes(LOCAL_AWS.accountId)) {
    return `To log in, a session of ${role} in ${accounts?.join(" or ")} is needed; the stand-in's are of ${LOCAL_AWS.gpuRole} in ${LOCAL_AWS.accountId}.`;
  }
  if (hostOf(settings[options.only === "jobs" ? "jobs" : "gateway"]) !== undefined) {
    return "For gpu-dev, name localhost in ALLOWED_HOSTS: it is answered 421.";
  }
  return undefined;
}
