/** Who may log in, as the settings say. */
import { type AwsLogin, createAwsLogin, STS_REGIONS } from "@airlock/identity";
import type { Settings } from "./settings.ts";

/** What clients sign on a laptop. */
const DEV_SERVER_ID = "airlock-dev";

/** @param observe is told of each call to STS. */
export function openAwsLogin(
  settings: Settings,
  observe: (operation: string, outcome: string, seconds: number) => void,
): AwsLogin {
  const endpoint = settings.AWS_ENDPOINT_URL_STS ?? settings.AWS_ENDPOINT_URL;
  const partition = STS_REGIONS.get(settings.AWS_REGION)?.partition;
  return createAwsLogin({
    serverId: settings.LOGIN_SERVER_ID ?? DEV_SERVER_ID,
    allowedAccounts: settings.ALLOWED_AWS_ACCOUNTS,
    allowedRole: settings.ALLOWED_AWS_ROLE,
    observe: (kind, seconds) =>
      observe("sts.GetCallerIdentity", kind === "identity" ? "ok" : kind, seconds),
    ...(partition && { partition }),
    ...(endpoint && { endpoint }),
  });
}
