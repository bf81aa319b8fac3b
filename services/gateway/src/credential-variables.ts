/** Variables that would give the public service credentials of AWS: it refuses to start with them. */
import type { Environment } from "@airlock/config";
import { SESSION_VARIABLES } from "@airlock/identity";

/**
 * What the SDKs, the CLIs and their forerunners take keys, tokens, profiles and roles from, or the address of
 * what hands them out. By the words in the names: each release of an SDK brings new names of these words.
 */
const CREDENTIAL =
  /^(?:AWS_(?:\w*(?:ACCESS_?KEY|SECRET|TOKEN|CREDENTIAL|PROFILE|ROLE|BEARER|CONFIG_FILE|LOAD_CONFIG|PRIVATE_KEY|PASSWORD)\w*|CONTAINER_\w+|SSO_\w+|LOGIN_\w+|EC2_METADATA_SERVICE_ENDPOINT\w*)|AMAZON_\w*(?:ACCESS_?KEY|SECRET|TOKEN)\w*|EC2_(?:PRIVATE_KEY|CERT|ACCESS_KEY|SECRET_KEY)|BOTO_(?:CONFIG|PATH))$/;

/** @returns a sentence for each of them. @param isSigned the role for the execution API may be named. */
export function refuseCredentials(env: Environment, isSigned: boolean): string[] {
  const allowed: ReadonlySet<string> = new Set(isSigned ? SESSION_VARIABLES : []);
  return Object.keys(env)
    .filter((name) => CREDENTIAL.test(name) && env[name]?.trim() && !allowed.has(name))
    .sort()
    .map((name) => `${name}: the gateway faces the public and must hold no AWS credentials; unset`);
}
