// Which operations each service answers, and the IAM action each of them needs.

export const SERVICES = ["sts", "s3", "ssm"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What is called here as well and speaks another protocol, with the one operation that it has. */
export const DOORS = { "execute-api": "Invoke", "pod-identity": "GetCredentials" } as const;
export type DoorName = keyof typeof DOORS;
/** Whatever can be called, counted, and struck by faults. */
export type Called = ServiceName | DoorName;

/** Operation name → IAM action, as the error text of a refusal names it. */
export const OPERATIONS: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
  sts: {
    AssumeRole: "sts:AssumeRole",
    AssumeRoleWithWebIdentity: "sts:AssumeRoleWithWebIdentity",
    GetCallerIdentity: "sts:GetCallerIdentity",
  },
  s3: {
    ListBuckets: "s3:ListAllMyBuckets",
    CreateBucket: "s3:CreateBucket",
    HeadBucket: "s3:ListBucket",
    ListObjectsV2: "s3:ListBucket",
    GetObject: "s3:GetObject",
    HeadObject: "s3:GetObject",
    PutObject: "s3:PutObject",
    DeleteObject: "s3:DeleteObject",
    ListObjectVersions: "s3:ListBucketVersions",
    GetBucketVersioning: "s3:GetBucketVersioning",
    PutBucketVersioning: "s3:PutBucketVersioning",
    CreateMultipartUpload: "s3:PutObject",
    UploadPart: "s3:PutObject",
    CompleteMultipartUpload: "s3:PutObject",
    AbortMultipartUpload: "s3:AbortMultipartUpload",
    ListParts: "s3:ListMultipartUploadParts",
    ListMultipartUploads: "s3:ListBucketMultipartUploads",
  },
  ssm: {
    DescribeParameters: "ssm:DescribeParameters",
    GetParameter: "ssm:GetParameter",
    GetParameters: "ssm:GetParameters",
    GetParametersByPath: "ssm:GetParametersByPath",
    PutParameter: "ssm:PutParameter",
    DeleteParameter: "ssm:DeleteParameter",
    LabelParameterVersion: "ssm:LabelParameterVersion",
  },
};

/** Whether some service, or the one given, has an operation of this name. */
export function isKnownOperation(service: Called | "*", operation: string): boolean {
  if (isDoor(service)) return DOORS[service] === operation;
  const places = service === "*" ? SERVICES : [service];
  return places.some((name) => Object.hasOwn(OPERATIONS[name], operation));
}

const isDoor = (name: Called | "*"): name is DoorName => Object.hasOwn(DOORS, name);
