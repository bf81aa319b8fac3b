/** Tokens for a gateway whose callers and whose layer are verified, and what it must know of them. */
import { join } from "node:path";
import {
  createLocalIssuer,
  type LocalIssuer,
} from "../../../packages/local-issuer/src/local-issuer.ts";
import type { Proofs } from "./gateway.ts";

/** As long as a caller's token of many claims. */
const CLAIM = "x".repeat(300);

export async function startProofs(
  directory: string,
): Promise<{ readonly issuer: LocalIssuer; readonly proofs: Proofs }> {
  const issuer = await createLocalIssuer({ isPublic: true });
  const layerTokenFile = join(directory, "layer/token");
  await issuer.keepTokenFile(layerTokenFile);
  const token = await issuer.mint({ aud: ["gateway"], sub: "bench", claim: CLAIM });
  return {
    issuer,
    proofs: {
      env: {
        GATEWAY_AUTH: "jwt",
        GATEWAY_JWT_ISSUER: issuer.issuer,
        GATEWAY_JWT_AUDIENCE: "gateway",
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: layerTokenFile,
      },
      header: `authorization: Bearer ${token}`,
    },
  };
}
