/** A cluster as the services see it: an issuer of service-account tokens, and a token for the gateway. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalIssuer, type LocalIssuer } from "@airlock/local-issuer";
import type { Stage } from "../scenario.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";
const AUDIENCE = "aux";

export interface Cluster {
  readonly issuer: LocalIssuer;
  /** Settings of a gateway that sends its proof. */
  readonly gatewayEnv: Readonly<Record<string, string>>;
  /** Settings of an aux that lets nobody else in. */
  readonly auxEnv: Readonly<Record<string, string>>;
  /** Gives the gateway a new token. */
  renew(): Promise<void>;
}

export async function playCluster(stage: Stage): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-cluster-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const issuer = await createLocalIssuer();
  stage.defer(() => issuer.close());
  const tokenFile = join(folder, "token");
  const claims = { sub: SUBJECT, aud: [AUDIENCE] };
  const token = await issuer.keepTokenFile(tokenFile, claims, { ttlSeconds: 3600 });
  stage.defer(() => token.close());
  return {
    issuer,
    gatewayEnv: { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: tokenFile },
    auxEnv: {
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
      LAYER_AUTH_AUDIENCE: AUDIENCE,
      LAYER_AUTH_SUBJECTS: SUBJECT,
    },
    renew: () => token.renew(),
  };
}
