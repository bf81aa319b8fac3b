/** The proofs that a service asks for, as its OpenAPI document tells them. */

export type Scheme =
  | {
      readonly type: "http";
      readonly scheme: "bearer";
      readonly bearerFormat: string;
      readonly description: string;
    }
  | {
      readonly type: "apiKey";
      readonly in: "header";
      readonly name: string;
      readonly description: string;
    };

export interface Proof {
  /** By their names; any one of them will do. */
  readonly schemes: Readonly<Record<string, Scheme>>;
  /** @param url of a route, as the router writes it. */
  readonly isAsked: (url: string) => boolean;
  /** It is looked at, and nobody is refused. */
  readonly isOptional?: boolean;
}

/** A key of the jobs API. */
export const apiKeyProof = (isAsked: Proof["isAsked"]): Proof => ({
  schemes: {
    apiKey: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "gpud_…",
      description: "An API key, as POST /v1/auth/aws-login gives it.",
    },
  },
  isAsked,
});

/** A token of the callers' own issuer. */
export const callerTokenProof = (isAsked: Proof["isAsked"]): Proof => ({
  schemes: {
    callerToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "An access token of the issuer that this installation trusts.",
    },
  },
  isAsked,
});

/**
 * What one service shows to the next.
 *
 * @param mode of the check; undefined stands for off.
 * @param accepts which proofs are good, where there are several.
 */
export function layerProof(
  header: string,
  mode: string | undefined,
  accepts: readonly string[] = ["service-account"],
): readonly Proof[] {
  if (mode === undefined || mode === "off") return [];
  const schemes: Record<string, Scheme> = {};
  if (accepts.includes("service-account")) {
    schemes.layer = {
      type: "apiKey",
      in: "header",
      name: header,
      description:
        "The service-account token of the calling service, with the audience of this one.",
    };
  }
  if (accepts.includes("execution-api")) {
    schemes.executionApi = {
      type: "apiKey",
      in: "header",
      name: "authorization",
      description: "Signature Version 4 of the execution API, by a role that may call.",
    };
  }
  return [{ schemes, isAsked: () => true, isOptional: mode !== "enforce" }];
}

export const schemesOf = (proofs: readonly Proof[]): Readonly<Record<string, Scheme>> =>
  Object.assign({}, ...proofs.map(({ schemes }) => schemes));

/** `security` of an operation: each way to give all that is asked for. */
export function securityOf(proofs: readonly Proof[], url: string): Record<string, string[]>[] {
  const asked = proofs.filter(({ isAsked }) => isAsked(url));
  if (asked.length === 0) return [];
  let ways: Record<string, string[]>[] = [{}];
  for (const { schemes, isOptional = false } of asked) {
    const names = Object.keys(schemes);
    const given = names.flatMap((name) => ways.map((way) => ({ ...way, [name]: [] })));
    ways = isOptional ? [...given, ...ways] : given;
  }
  return ways;
}
