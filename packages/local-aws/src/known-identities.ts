// The account, the base user and the roles this stand-in knows; every other identity is a stranger to it.

/** The values a client needs to talk to the stand-in. They are fixed and public: nothing here opens a real account. */
export const LOCAL_AWS = {
  accountId: "111122223333",
  region: "eu-west-1",
  baseAccessKeyId: "AKIAIOSFODNN7EXAMPLE",
  baseSecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  baseUserArn: "arn:aws:iam::111122223333:user/airlock-base-dev",
  roleArn: "arn:aws:iam::111122223333:role/airlock-aux-role-dev",
  webIdentityRoleArn: "arn:aws:iam::111122223333:role/airlock-irsa-role-dev",
} as const;

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
}

export const KNOWN_ROLES: readonly KnownRole[] = [
  {
    arn: LOCAL_AWS.roleArn,
    name: "airlock-aux-role-dev",
    roleId: "AROAEXAMPLEAUXROLE001",
    trustedArns: [LOCAL_AWS.baseUserArn, LOCAL_AWS.webIdentityRoleArn],
    trustsWebIdentity: false,
  },
  {
    arn: LOCAL_AWS.webIdentityRoleArn,
    name: "airlock-irsa-role-dev",
    roleId: "AROAEXAMPLEIRSAROLE01",
    trustedArns: [],
    trustsWebIdentity: true,
  },
];
