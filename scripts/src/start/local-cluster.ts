/** Plays the part of the cluster that gives a pod its identity: an issuer, and projected tokens. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalIssuer } from "@airlock/local-issuer";

/** Who calls each service that checks it: each is the audience of a token of its own. */
const CALLERS = {
  aux: "system:serviceaccount:gateway:gateway",
  jobs: "system:serviceaccount:gateway:gateway",
  processor: "system:serviceaccount:jobs:jobs",
} as const;
export type Audience = keyof typeof CALLERS;
const AUDIENCES = Object.keys(CALLERS) as Audience[];

export interface LocalCluster {
  readonly issuer: string;
  /** Settings of a service that verifies: the issuer, and how to get its keys. */
  readonly issuerSettings: Readonly<Record<string, string>>;
  /** The account that calls, by audience. */
  readonly subjects: Readonly<Record<Audience, string>>;
  /** Its tokens by audience; each is written anew before it expires. */
  readonly tokenFiles: Readonly<Record<Audience, string>>;
  /** The gateway's for STS, as IRSA projects it. */
  readonly webIdentityTokenFile: string;
  close(): Promise<void>;
}

const TOKEN_SECONDS = 3600;

export async function playCluster(): Promise<LocalCluster> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-cluster-"));
  const issuer = await createLocalIssuer();
  // a folder each, as each is a volume of its own to the kubelet
  const tokenFiles = {
    aux: join(folder, "aux/token"),
    jobs: join(folder, "jobs/token"),
    processor: join(folder, "processor/token"),
  };
  for (const audience of AUDIENCES) {
    const claims = { sub: CALLERS[audience], aud: [audience] };
    await issuer.keepTokenFile(tokenFiles[audience], claims, { ttlSeconds: TOKEN_SECONDS });
  }
  const webIdentityTokenFile = join(folder, "sts/token");
  const forSts = { sub: CALLERS.aux, aud: ["sts.amazonaws.com"] };
  await issuer.keepTokenFile(webIdentityTokenFile, forSts, { ttlSeconds: TOKEN_SECONDS });
  return {
    issuer: issuer.issuer,
    issuerSettings: {
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    },
    subjects: CALLERS,
    tokenFiles,
    webIdentityTokenFile,
    async close() {
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
