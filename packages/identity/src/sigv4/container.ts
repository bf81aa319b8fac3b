/** Credentials from an agent beside the container: EKS Pod Identity, or ECS. */
import * as z from "zod";
import { askForSession, type SessionAnswer } from "./ask-for-session.ts";
import { type FetchedSession, NoSessionError, type SessionSource, sessionOf } from "./session.ts";
import { tokenIn } from "./web-identity.ts";

export interface ContainerOptions {
  readonly url: URL;
  /** What the agent is shown, where that is a variable. */
  readonly token?: string | undefined;
  /** Where it is a file: read for each question, as the kubelet replaces it. */
  readonly tokenFile?: string | undefined;
}

const Answer = z.object({
  AccessKeyId: z.unknown(),
  SecretAccessKey: z.unknown(),
  Token: z.unknown(),
  Expiration: z.unknown(),
});

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
export function containerSource({ url, token, tokenFile }: ContainerOptions): SessionSource {
  return {
    kind: "container",
    async fetch(signal) {
      const shown = tokenFile === undefined ? token : tokenIn(tokenFile);
      const proof = shown === undefined ? undefined : { authorization: shown };
      const headers = { accept: "application/json", ...proof };
      return read(await askForSession({ url, method: "GET", headers }, signal));
    },
  };
}

function read({ status, text }: SessionAnswer): FetchedSession {
  if (status !== 200) throw new NoSessionError(`the agent refuses (status ${status})`);
  const answer = Answer.safeParse(parsed(text)).data;
  if (!answer) throw new NoSessionError("the agent's answer is no JSON with credentials");
  const { AccessKeyId: keyId, SecretAccessKey: secret, Token: token, Expiration } = answer;
  // the agent's clock is this machine's own at best, and says nothing
  return { session: sessionOf({ keyId, secret, token, expiration: Expiration }), atMs: Number.NaN };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
