/** Credentials for the projected token of a service account (IRSA): one unsigned question to the region's STS. */
import { readTokenFile, TokenFileError } from "../token-file.ts";
import { askForSession, type SessionAnswer } from "./ask-for-session.ts";
import { type FetchedSession, NoSessionError, type SessionSource, sessionOf } from "./session.ts";

export interface WebIdentityOptions {
  readonly roleArn: string;
  readonly sessionName: string;
  /** The kubelet puts a new token there before the old one ends: read for each question. */
  readonly tokenFile: string;
  /** Of STS. */
  readonly url: URL;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export function webIdentitySource(options: WebIdentityOptions): SessionSource {
  const { roleArn, sessionName, tokenFile, url } = options;
  return {
    kind: "web identity",
    async fetch(signal) {
      const body = new URLSearchParams({
        Action: "AssumeRoleWithWebIdentity",
        Version: "2011-06-15",
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        WebIdentityToken: tokenIn(tokenFile),
      }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/xml" };
      return read(await askForSession({ url, method: "POST", headers, body }, signal));
    },
  };
}

/** @throws NoSessionError */
export function tokenIn(path: string): string {
  try {
    return readTokenFile(path);
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    throw new NoSessionError(error.message, { cause: error });
  }
}

function read({ status, text, atMs }: SessionAnswer): FetchedSession {
  if (status !== 200) {
    // AWS's word for it; the message beside it can quote what was sent
    const code = /<Code>([A-Za-z.]{1,64})<\/Code>/.exec(text)?.[1] ?? "no code";
    throw new NoSessionError(`STS refuses (status ${status}, ${code})`);
  }
  const credentials = /<Credentials>(.*?)<\/Credentials>/s.exec(text)?.[1] ?? "";
  const member = (name: string) =>
    new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(credentials)?.[1];
  const session = sessionOf({
    keyId: member("AccessKeyId"),
    secret: member("SecretAccessKey"),
    token: member("SessionToken"),
    expiration: member("Expiration"),
  });
  return { session, atMs };
}
