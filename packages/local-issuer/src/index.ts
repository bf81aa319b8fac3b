/** What plays the cluster's issuer on laptops and in tests: its keys, its documents, its token files. */
export {
  type Certificate,
  createLocalIssuer,
  type LocalIssuer,
  type LocalIssuerOptions,
} from "./local-issuer.ts";
export { type KeptTokenFile, keepTokenFile } from "./token-file.ts";
export type { LocalAlgorithm, TokenClaims } from "./tokens.ts";
