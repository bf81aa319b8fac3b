/** What the gateway reads from its environment, and what must not be there. */
import { commonSettings, type Environment, httpUrl, serviceName } from "@airlock/config";
import * as z from "zod";

export const settingsSchema = z.object({
  SERVICE_NAME: serviceName("gateway"),
  ...commonSettings,
  AUX_SERVICE_URL: httpUrl()
    .default("http://aux.aux.svc.cluster.local:80")
    .describe("Where aux is."),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** Everything the AWS SDKs and CLIs would take credentials from. */
const CREDENTIAL =
  /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|PROFILE|SHARED_CREDENTIALS_FILE|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_RELATIVE_URI|CONTAINER_CREDENTIALS_FULL_URI|CONTAINER_AUTHORIZATION_TOKEN|CONTAINER_AUTHORIZATION_TOKEN_FILE|BEARER_TOKEN_.*)$/;

/** One sentence for each AWS credential in the environment of the public service. */
export function refuseCredentials(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => CREDENTIAL.test(name) && env[name])
    .sort()
    .map((name) => `${name}: the gateway faces the public and must hold no AWS credentials; unset`);
}
