/** The prover of the inner door behind the execution API: which role has called, as the API has verified it. */
import type { Prover } from "./guard.ts";
import { type AllowedLayer, type RefusedLayer, refused, speaksFor } from "./layer-proof.ts";
import type { LayerAuthMode } from "./layer-settings.ts";
import { type Reason, refusal } from "./verify-result.ts";

/** What an API with IAM authorisation tells of a call. Only what runs behind one may make this up. */
export interface ExecutionApiCall {
  /** Undefined where the API has checked nobody. */
  readonly userArn: string | undefined;
  /** Of which headers the signature speaks, in lower case. */
  readonly signedHeaders: ReadonlySet<string>;
}

/** @param roles ARNs of those who are let in. */
export function executionApi(
  roles: readonly string[],
  mode: Exclude<LayerAuthMode, "off">,
): Prover<AllowedLayer, RefusedLayer, ExecutionApiCall> {
  const allowed = new Set(roles.map(roleOf));
  const message = mode === "enforce" ? "layer proof refused" : "layer proof would be refused";
  const judge = (
    rawHeaders: readonly string[],
    call: ExecutionApiCall | undefined,
  ): AllowedLayer | { readonly reason: Reason; readonly subject?: string } => {
    const { userArn, signedHeaders } = call ?? {};
    if (userArn === undefined || signedHeaders === undefined) return { reason: "missing" };
    const session = sessionOf(userArn);
    if (!session || !allowed.has(session.role)) return { reason: "subject", subject: userArn };
    if (!areSigned(rawHeaders, signedHeaders)) return { reason: "unsigned_header" };
    const speaker = speaksFor(rawHeaders);
    return speaker ? { ...speaker, session: session.name } : { reason: "caller_header" };
  };
  return {
    known(rawHeaders, call) {
      const found = judge(rawHeaders, call);
      return "allow" in found ? found : undefined;
    },
    async prove(rawHeaders, call) {
      const found = judge(rawHeaders, call);
      if ("allow" in found) return found;
      const { reason, ...rest } = found;
      return refused({ ...refusal(reason), ...rest });
    },
    lineOf: ({ subject }) => ({
      level: "warn",
      message,
      fields: { mode, proof: "execution-api", ...(subject && { subject }) },
    }),
    isReady: () => true,
  };
}

/** Names of ours that anybody could add to a call that was signed without them. */
const OURS = "x-airlock-";

function areSigned(rawHeaders: readonly string[], signed: ReadonlySet<string>): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    if (name.startsWith(OURS) && !signed.has(name)) return false;
  }
  return true;
}

/** A session's ARN has not the path of its role: of a name there is one role in an account. */
const roleOf = (arn: string): string =>
  arn.replace(/^arn:(.*):iam::(\d+):role\/(?:.*\/)?([^/]+)$/, "$1 $2 $3");

const SESSION =
  /^arn:(aws[a-z-]*):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{1,64})$/;

function sessionOf(userArn: string): { role: string; name: string } | undefined {
  const [, partition, account, role, name] = SESSION.exec(userArn) ?? [];
  return name === undefined ? undefined : { role: `${partition} ${account} ${role}`, name };
}
