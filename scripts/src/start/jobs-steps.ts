/** The way from an AWS identity to a submitted job, as lines for a shell; a test runs them. */
import { LOCAL_AWS } from "@airlock/local-aws";
import { hostOf, type Running } from "./examples.ts";

const JSON_TYPE = "-H 'content-type: application/json'";
const CREDENTIALS = [
  ["aws_access_key_id", "AWS_ACCESS_KEY_ID"],
  ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"],
  ["aws_session_token", "AWS_SESSION_TOKEN"],
]
  .map(([member, variable]) => String.raw`\"${member}\":\"$${variable}\"`)
  .join(",");
const JOB = '{"image":"python:3","instance_type":"p5.48xlarge","command":"echo hello"}';

/** One after the other, after the lines of a session: log in, submit, look. */
export function jobsSteps({ options, ports, settings }: Running): string[] {
  const [port, env] =
    options.only === "jobs"
      ? [ports.JOBS_PORT, settings.jobs]
      : [ports.GATEWAY_PORT, settings.gateway];
  const url = `http://localhost:${port}/v1`;
  const host = hostOf(env);
  const curl = host ? `curl -H ${host}` : "curl";
  const key = '-H "authorization: Bearer $KEY"';
  return [
    `KEY=$(${curl} -s ${url}/auth/aws-login ${JSON_TYPE} -d "{${CREDENTIALS}}" | cut -d'"' -f4)`,
    `${curl} ${url}/jobs/submit ${key} ${JSON_TYPE} -d '${JOB}'`,
    `${curl} ${url}/jobs ${key}`,
  ];
}

/** Why these steps lead nowhere with the settings of the run; undefined when they do. */
export function whyNoSteps({ settings }: Running): string | undefined {
  const { ALLOW_RAW_AWS_LOGIN, ALLOWED_AWS_ROLE, ALLOWED_AWS_ACCOUNTS } = settings.jobs ?? {};
  if (/^(off|false|0)$/i.test(ALLOW_RAW_AWS_LOGIN?.trim() ?? "")) {
    return "To log in, a client signs a challenge: ALLOW_RAW_AWS_LOGIN is off.";
  }
  const role = ALLOWED_AWS_ROLE?.trim() || LOCAL_AWS.gpuRole;
  const accounts = ALLOWED_AWS_ACCOUNTS?.split(",").map((account) => account.trim());
  if (role !== LOCAL_AWS.gpuRole || !accounts?.includes(LOCAL_AWS.accountId)) {
    return `To log in, a session of ${role} in ${accounts?.join(" or ")} is needed; the stand-in's are of ${LOCAL_AWS.gpuRole} in ${LOCAL_AWS.accountId}.`;
  }
  return undefined;
}
