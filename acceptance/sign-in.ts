/** A login by signature, written from AWS's description of Signature Version 4 alone. */
import { createHash, createHmac } from "node:crypto";

const BODY = "Action=GetCallerIdentity&Version=2011-06-15";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer | string, text: string) =>
  createHmac("sha256", key).update(text).digest();

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The body of `POST /v1/auth/aws-login` for a challenge. The secret stays here. */
export function loginBody(
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  region: string,
  serverId: string,
  challenge: string,
): object {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const headers: readonly [string, string][] = [
    ["accept", "application/json"],
    ["content-type", "application/x-www-form-urlencoded"],
    ["host", `sts.${region}.amazonaws.com`],
    ["x-airlock-challenge", challenge],
    ["x-airlock-server-id", serverId],
    ["x-amz-date", date],
    ["x-amz-security-token", sessionToken],
  ];
  const names = headers.map(([name]) => name).join(";");
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = ["POST", "/", "", lines, names, sha256(BODY)].join("\n");
  const scope = `${day}/${region}/sts/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [day, region, "sts", "aws4_request"].reduce<Buffer | string>(
    hmac,
    `AWS4${secretAccessKey}`,
  );
  return {
    region,
    access_key_id: accessKeyId,
    date,
    signature: hmac(key, toSign).toString("hex"),
    session_token: sessionToken,
    challenge,
  };
}
