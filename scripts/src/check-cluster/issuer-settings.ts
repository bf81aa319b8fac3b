/** How a service beside the cluster gets the keys that a service in it would: settings of its process. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Accounts } from "./accounts.ts";
import type { ApiServer } from "./api-server.ts";
import { placedEnv } from "./placed.ts";

/** Where the keys are: said by JWKS_URL, or by the issuer's discovery document. */
export const WAYS = ["address", "discovery"] as const;
export type Way = (typeof WAYS)[number];

export async function issuerSettings(
  prefix: "LAYER_AUTH" | "GATEWAY_JWT",
  way: Way,
  server: ApiServer,
  { folder, readerTokenFile }: Pick<Accounts, "folder" | "readerTokenFile">,
): Promise<Record<string, string>> {
  const settings: Record<string, string> = { [`${prefix}_ISSUER`]: server.issuer };
  const asksServer = way === "address" || server.isItsOwnIssuer;
  if (asksServer) settings[`${prefix}_JWKS_TOKEN_FILE`] = readerTokenFile;
  if (asksServer && server.ca !== undefined) {
    const caFile = join(folder, "ca.crt");
    await writeFile(caFile, server.ca);
    settings[`${prefix}_JWKS_CA_FILE`] = caFile;
  }
  if (way === "address") settings[`${prefix}_JWKS_URL`] = `${server.url}/openid/v1/jwks`;
  const isRouted = way === "discovery" && server.isItsOwnIssuer;
  return { ...settings, ...(isRouted && placedEnv({ issuer: server.issuer, at: server.url })) };
}
