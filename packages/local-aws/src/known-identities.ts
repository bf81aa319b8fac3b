// The account, the base user and the roles this stand-in knows; every other identity is a stranger to it.

/** The values a client needs to talk to the stand-in. They are fixed and public: nothing here opens a real account. */
export const LOCAL_AWS = {
  accountId: "111122223333",
  region: "eu-west-1",
  /** Not enabled for the account: sessions of elsewhere are none there. */
  closedRegion: "af-south-1",
  baseAccessKeyId: "AKIAIOSFODNN7EXAMPLE",
  baseSecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  baseUserArn: "arn:aws:iam::111122223333:user/airlock-base-dev",
  roleArn: "arn:aws:iam::111122223333:role/airlock-aux-role-dev",
  webIdentityRoleArn: "arn:aws:iam::111122223333:role/airlock-irsa-role-dev",
  /** May invoke the execution API and nothing else. */
  gatewayRoleArn: "arn:aws:iam::111122223333:role/airlock-gateway-role-dev",
  /** Whose sessions may reserve GPUs, on a laptop and in the tests. */
  gpuRole: "SSOCloudDevGpuReservation",
  /** As roles are when nobody says otherwise: its sessions last an hour at most. */
  hourRoleArn: "arn:aws:iam::111122223333:role/airlock-hour-role-dev",
  /** Its trust policy asks for an external id. */
  externalRoleArn: "arn:aws:iam::111122223333:role/airlock-external-role-dev",
  externalId: "airlock-example",
} as const;

/** A person's session that is there from the start; only `expired` has ended. */
export interface KnownSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** As GetCallerIdentity reports it. */
  readonly arn: string;
}

const GPU_ROLE = LOCAL_AWS.gpuRole;

/** `number` tells the sessions' keys apart; none of them was ever AWS's. */
function knownSession(number: string, account: string, name: string): KnownSession {
  return {
    accessKeyId: `ASIAEXAMPLEGPULOGI${number}`,
    secretAccessKey: `EXAMPLE/nothing/here/is/secret/aaaaaa/${number}`,
    sessionToken: `IQoJlocalEXAMPLE${number}${"ThisTokenIsPublicAndOpensNothing".repeat(3)}==`,
    arn: `arn:aws:sts::${account}:assumed-role/${name}`,
  };
}

/**
 * People's sessions: they may call GetCallerIdentity and nothing else. `gpuUser` is the one to log
 * in with; the others are those a login must refuse.
 */
export const KNOWN_SESSIONS = {
  gpuUser: knownSession("01", LOCAL_AWS.accountId, `${GPU_ROLE}/alice@example.com`),
  /** A second person of the same role. */
  otherGpuUser: knownSession("02", LOCAL_AWS.accountId, `${GPU_ROLE}/bob@example.com`),
  /** A third, whose name is the first one's where nobody writes `@`. */
  lookAlike: knownSession("09", LOCAL_AWS.accountId, `${GPU_ROLE}/alice-example.com`),
  /** The same role and session name in an account of somebody else. */
  foreignAccount: knownSession("03", "444455556666", `${GPU_ROLE}/alice@example.com`),
  roleWithSuffix: knownSession("04", LOCAL_AWS.accountId, `${GPU_ROLE}X/alice@example.com`),
  roleWithPrefix: knownSession("05", LOCAL_AWS.accountId, `X${GPU_ROLE}/alice@example.com`),
  roleInLowerCase: knownSession(
    "06",
    LOCAL_AWS.accountId,
    `${GPU_ROLE.toLowerCase()}/alice@example.com`,
  ),
  expired: knownSession("08", LOCAL_AWS.accountId, `${GPU_ROLE}/carol@example.com`),
  /** AWS gives out no such name; whoever reads the ARN must not rely on that. */
  slashedSession: knownSession("07", LOCAL_AWS.accountId, `${GPU_ROLE}/admin/alice@example.com`),
} as const satisfies Record<string, KnownSession>;

/** There from the start as well: a developer's, who puts values and objects of their own in. */
export const WRITER_SESSION = knownSession(
  "10",
  LOCAL_AWS.accountId,
  "airlock-writer-role-dev/developer",
);

/**
 * Callers of the execution API, there from the start: the gateway's own role, the same name in another account, a
 * role whose own policy lets it call any API, and one that has no policy.
 */
export const INVOKE_SESSIONS = {
  gateway: knownSession("11", LOCAL_AWS.accountId, "airlock-gateway-role-dev/gateway"),
  foreignAccount: knownSession("12", "444455556666", "airlock-gateway-role-dev/gateway"),
  anyApi: knownSession("13", LOCAL_AWS.accountId, "airlock-any-api-role-dev/developer"),
  otherRole: knownSession("14", LOCAL_AWS.accountId, "airlock-other-role-dev/other"),
} as const satisfies Record<string, KnownSession>;

export const BASE_USER_ID = "AIDAEXAMPLEBASEUSER01";

export interface KnownRole {
  readonly arn: string;
  readonly name: string;
  /** The stable unique id, first half of the `UserId` of each of its sessions. */
  readonly roleId: string;
  /** The trust policy: which users or roles may call AssumeRole on it. */
  readonly trustedArns: readonly string[];
  /** The trust policy: whether a web identity token may be exchanged for it. */
  readonly trustsWebIdentity: boolean;
  /** MaxSessionDuration. */
  readonly maxSessionSeconds: number;
  /** What the trust policy wants as sts:ExternalId. */
  readonly externalId?: string;
  /** Whether its own policy is about the execution API alone, and not about S3 and SSM. */
  readonly invokesOnly?: boolean;
}

/** What EKS Pod Identity gives as well. */
export const GATEWAY_ROLE: KnownRole = {
  arn: LOCAL_AWS.gatewayRoleArn,
  name: "airlock-gateway-role-dev",
  roleId: "AROAEXAMPLEGATEROLE01",
  trustedArns: [],
  trustsWebIdentity: true,
  maxSessionSeconds: 43_200,
  invokesOnly: true,
};

export const KNOWN_ROLES: readonly KnownRole[] = [
  GATEWAY_ROLE,
  {
    arn: LOCAL_AWS.roleArn,
    name: "airlock-aux-role-dev",
    roleId: "AROAEXAMPLEAUXROLE001",
    trustedArns: [LOCAL_AWS.baseUserArn, LOCAL_AWS.webIdentityRoleArn],
    trustsWebIdentity: false,
    maxSessionSeconds: 43_200,
  },
  {
    arn: LOCAL_AWS.webIdentityRoleArn,
    name: "airlock-irsa-role-dev",
    roleId: "AROAEXAMPLEIRSAROLE01",
    trustedArns: [],
    trustsWebIdentity: true,
    maxSessionSeconds: 43_200,
  },
  {
    arn: LOCAL_AWS.hourRoleArn,
    name: "airlock-hour-role-dev",
    roleId: "AROAEXAMPLEHOURROLE01",
    trustedArns: [LOCAL_AWS.baseUserArn],
    trustsWebIdentity: true,
    maxSessionSeconds: 3600,
  },
  {
    arn: LOCAL_AWS.externalRoleArn,
    name: "airlock-external-role-dev",
    roleId: "AROAEXAMPLEEXTROLE001",
    trustedArns: [LOCAL_AWS.baseUserArn],
    trustsWebIdentity: false,
    maxSessionSeconds: 43_200,
    externalId: LOCAL_AWS.externalId,
  },
];
