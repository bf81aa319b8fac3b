/** The client's side of a login: a signature made with keys that stay where they are. */
import { toAmzDate } from "../sigv4/signature.ts";
import { identityRequest, signature } from "./identity-request.ts";
import type { AwsLoginProof } from "./login-proof.ts";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignOptions {
  readonly credentials: AwsKeys;
  /** Whose STS the server shall ask; any region that is enabled in the account. */
  readonly region: string;
  /** The name of the service, from the client's own settings: never what a server says it is. */
  readonly serverId: string;
  readonly challenge: string;
  readonly now?: Date;
}

/**
 * Signs GetCallerIdentity for one login. Sends nothing.
 *
 * @throws RangeError for a region whose STS is not known.
 */
export function signGetCallerIdentity(options: SignOptions): AwsLoginProof {
  const { credentials, region, serverId, challenge, now = new Date() } = options;
  const date = toAmzDate(now.getTime());
  const { sessionToken } = credentials;
  const token = sessionToken === undefined ? {} : { session_token: sessionToken };
  const request = identityRequest({ region, date, challenge, serverId, ...token });
  return {
    region,
    access_key_id: credentials.accessKeyId,
    date,
    signature: signature(request, { region, date }, credentials.secretAccessKey),
    ...token,
    challenge,
  };
}
