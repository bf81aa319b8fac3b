// Decides what IAM policies say of a call: the forms that our own policies have, and no others.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

export interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

/** Members that are not named here are refused when the policy is read. */
type Statement = Readonly<Record<string, unknown>>;

export interface Asked {
  /** Of the thing that is called. */
  readonly resourcePolicy: Policy;
  /** Of whoever calls. */
  readonly identityPolicies: readonly Policy[];
  readonly principal: {
    /** Of the role, where a session of it calls: `arn:aws:iam::111122223333:role/name`. */
    readonly arn: string;
    readonly account: string;
  };
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  readonly action: string;
  readonly resource: string;
  /** What conditions ask for, by key; a key that is absent is so for AWS as well. */
  readonly context: Readonly<Record<string, string>>;
}

export type Verdict = "allowed" | "implicitDeny" | "explicitDeny";

/** A policy has something that is not understood here: to skip it would be to guess. */
export class UnknownPolicyForm extends Error {}

/**
 * An explicit deny wins. Else one account needs an allow from either side, and two accounts from both.
 *
 * @throws UnknownPolicyForm for any element, operator or form that is not known here, wherever it stands.
 */
export function evaluate(asked: Asked): Verdict {
  const { resourcePolicy, identityPolicies, principal, resourceAccount } = asked;
  const ofResource = effectsOf(resourcePolicy, asked, true);
  const ofIdentity = identityPolicies.flatMap((policy) => effectsOf(policy, asked, false));
  if ([...ofResource, ...ofIdentity].includes("Deny")) return "explicitDeny";
  const [byResource, byIdentity] = [ofResource.includes("Allow"), ofIdentity.includes("Allow")];
  const isSame = principal.account === resourceAccount;
  return (isSame ? byResource || byIdentity : byResource && byIdentity)
    ? "allowed"
    : "implicitDeny";
}

type Effect = "Allow" | "Deny";

/** Of the statements that are about the call. All of them are read, so that none is overlooked. */
function effectsOf(policy: Policy, asked: Asked, isOfResource: boolean): Effect[] {
  refuseUnknown(policy, ["Version", "Id", "Statement"], "policy");
  if (policy.Version !== "2012-10-17") throw new UnknownPolicyForm(`Version ${policy.Version}`);
  return policy.Statement.flatMap((statement) => {
    const effect = effectOf(statement);
    const checks = [
      isAboutPrincipal(statement, asked, isOfResource),
      isAction(textsOf(statement.Action, "Action"), asked.action),
      isAboutResource(statement, asked.resource),
      holds(statement.Condition, asked.context),
    ];
    return checks.every(Boolean) ? [effect] : [];
  });
}

const MEMBERS = [
  "Sid",
  "Effect",
  "Principal",
  "Action",
  "Resource",
  "NotResource",
  "Condition",
] as const;

function effectOf(statement: Statement): Effect {
  refuseUnknown(statement, MEMBERS, "statement");
  const { Effect: effect } = statement;
  if (effect !== "Allow" && effect !== "Deny") throw new UnknownPolicyForm(`Effect ${effect}`);
  return effect;
}

function isAboutPrincipal({ Principal: who }: Statement, { principal }: Asked, isWanted: boolean) {
  if ((who !== undefined) !== isWanted) {
    throw new UnknownPolicyForm(`a ${isWanted ? "resource" : "identity"} policy's Principal`);
  }
  if (!isWanted || who === "*") return true;
  if (typeof who !== "object" || who === null) throw new UnknownPolicyForm("Principal");
  refuseUnknown(who, ["AWS"], "Principal");
  const names = textsOf("AWS" in who ? who.AWS : undefined, "Principal.AWS");
  return names.some((name) => {
    if (name === "*") return true;
    // no pattern and no session: of these AWS has rules of their own
    if (!/^arn:aws:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/.test(name)) {
      throw new UnknownPolicyForm(`Principal ${name}`);
    }
    return name === principal.arn;
  });
}

function isAboutResource({ Resource: some, NotResource: others }: Statement, resource: string) {
  if ((some === undefined) === (others === undefined)) {
    throw new UnknownPolicyForm("a statement needs either Resource or NotResource");
  }
  return some === undefined
    ? !isListed(textsOf(others, "NotResource"), resource)
    : isListed(textsOf(some, "Resource"), resource);
}

/** All operators have to hold, and all keys of each; of the values of a key one is enough. */
function holds(conditions: unknown, context: Asked["context"]): boolean {
  if (conditions === undefined) return true;
  if (typeof conditions !== "object" || conditions === null) {
    throw new UnknownPolicyForm("Condition");
  }
  const results = Object.entries(conditions).flatMap(([operator, keys]) => {
    const test = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (!test) throw new UnknownPolicyForm(`operator ${operator}`);
    return Object.entries(keys as object).map(([key, values]) => {
      if (!KEYS.includes(key)) throw new UnknownPolicyForm(`key ${key}`);
      return test(context[key], textsOf(values, key));
    });
  });
  return results.every(Boolean);
}

const KEYS = ["aws:PrincipalArn", "aws:PrincipalOrgID", "aws:SecureTransport", "aws:SourceVpce"];

/** A key that the request has not fails what wants a value, and passes what wants another one. */
const OPERATORS: Readonly<
  Record<string, (value: string | undefined, wanted: readonly string[]) => boolean>
> = {
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  StringNotEquals: (value, wanted) => value === undefined || !wanted.includes(value),
  Bool: (value, wanted) =>
    value !== undefined && wanted.some((one) => one.toLowerCase() === value.toLowerCase()),
};

function textsOf(value: unknown, name: string): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every((one) => typeof one === "string")) return list;
  throw new UnknownPolicyForm(`${name} is no text and no list of texts`);
}

/** Actions have no case. */
const isAction = (patterns: readonly string[], action: string): boolean =>
  isListed(
    patterns.map((pattern) => pattern.toLowerCase()),
    action.toLowerCase(),
  );

const isListed = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => isLike(pattern, text));

/** `*` stands for any characters, slashes too, and `?` for one. */
function isLike(pattern: string, text: string): boolean {
  if (pattern.includes("$")) throw new UnknownPolicyForm(`a variable in ${pattern}`);
  const escaped = pattern.replace(/[\\^.+()[\]{}|]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}

function refuseUnknown(value: object, known: readonly string[], what: string): void {
  const other = Object.keys(value).find((name) => !known.includes(name));
  if (other !== undefined) throw new UnknownPolicyForm(`${other} in a ${what}`);
}
