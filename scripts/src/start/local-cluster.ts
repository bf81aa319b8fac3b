/** Plays the part of the cluster that gives a pod its identity: an issuer, and a projected token. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalIssuer } from "@airlock/identity/local-issuer";

export interface LocalCluster {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  /** The gateway's token; written anew before it expires. */
  readonly tokenFile: string;
  close(): Promise<void>;
}

const AUDIENCE = "aux";
const SUBJECT = "system:serviceaccount:gateway:gateway";
const TOKEN_SECONDS = 3600;

export async function playCluster(): Promise<LocalCluster> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-cluster-"));
  const tokenFile = join(folder, "token");
  const issuer = await createLocalIssuer();
  const claims = { sub: SUBJECT, aud: [AUDIENCE] };
  const token = await issuer.keepTokenFile(tokenFile, claims, { ttlSeconds: TOKEN_SECONDS });
  return {
    issuer: issuer.issuer,
    audience: AUDIENCE,
    subject: SUBJECT,
    tokenFile,
    async close() {
      token.close();
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
