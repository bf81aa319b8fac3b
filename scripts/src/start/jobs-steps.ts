/** The way from an AWS identity to a submitted job, as lines for a shell; a test runs them. */
import { KNOWN_SESSIONS } from "@airlock/local-aws";

/** A session of the role that may log in. The stand-in knows it; no other AWS does. */
export function exportCredentials(): string {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  return `export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_SESSION_TOKEN=${sessionToken}`;
}

const JSON_TYPE = "-H 'content-type: application/json'";
const CREDENTIALS = [
  ["aws_access_key_id", "AWS_ACCESS_KEY_ID"],
  ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"],
  ["aws_session_token", "AWS_SESSION_TOKEN"],
]
  .map(([member, variable]) => String.raw`\"${member}\":\"$${variable}\"`)
  .join(",");
const JOB = '{"image":"pytorch/pytorch:latest","instance_type":"p5.48xlarge","duration_hours":1}';

/** One after the other, after the line above: log in, submit, look. */
export function jobsSteps(gatewayPort: number): string[] {
  const url = `http://localhost:${gatewayPort}/v1`;
  const key = '-H "authorization: Bearer $KEY"';
  return [
    `KEY=$(curl -s ${url}/auth/aws-login ${JSON_TYPE} -d "{${CREDENTIALS}}" | cut -d'"' -f4)`,
    `curl ${url}/jobs/submit ${key} ${JSON_TYPE} -d '${JOB}'`,
    `curl ${url}/jobs ${key}`,
  ];
}
