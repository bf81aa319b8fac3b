/** Plays the part of the cluster that gives a pod its identity: an issuer, and projected tokens. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalIssuer } from "@airlock/local-issuer";

/** The services behind gateway, each the audience of a token of its own. */
const AUDIENCES = ["aux", "jobs"] as const;
export type Audience = (typeof AUDIENCES)[number];

export interface LocalCluster {
  readonly issuer: string;
  /** Settings of a service that verifies: the issuer, and how to get its keys. */
  readonly issuerSettings: Readonly<Record<string, string>>;
  readonly subject: string;
  /** The gateway's tokens by audience; each is written anew before it expires. */
  readonly tokenFiles: Readonly<Record<Audience, string>>;
  close(): Promise<void>;
}

const SUBJECT = "system:serviceaccount:gateway:gateway";
const TOKEN_SECONDS = 3600;

export async function playCluster(): Promise<LocalCluster> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-cluster-"));
  const issuer = await createLocalIssuer();
  // a folder each, as each is a volume of its own to the kubelet
  const tokenFiles = { aux: join(folder, "aux/token"), jobs: join(folder, "jobs/token") };
  for (const audience of AUDIENCES) {
    const claims = { sub: SUBJECT, aud: [audience] };
    await issuer.keepTokenFile(tokenFiles[audience], claims, { ttlSeconds: TOKEN_SECONDS });
  }
  return {
    issuer: issuer.issuer,
    issuerSettings: {
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    },
    subject: SUBJECT,
    tokenFiles,
    async close() {
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
