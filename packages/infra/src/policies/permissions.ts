/** What the roles of aux, of the base user and of releases may do. */
import type { Context } from "../context.ts";
import { type PolicyDocument, policy } from "../policy-document.ts";

/** Repositories of what a release builds. */
export const REPOSITORIES = [
  "airlock-gateway",
  "airlock-aux",
  "airlock-jobs",
  "airlock-processor",
  "airlock-devbox",
] as const;

export const roleArn = (account: string, name: string): string =>
  `arn:aws:iam::${account}:role/${name}`;

/** Lists buckets and parameter names, reads two buckets and one branch of parameters, decrypts with one key. */
export function auxPermissions(context: Context): PolicyDocument {
  const { account, region, parameters, kmsKey } = context;
  const buckets = context.buckets.map((name) => `arn:aws:s3:::${name}`);
  return policy(
    { Sid: "ListBuckets", Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
    {
      Sid: "ListObjects",
      Effect: "Allow",
      Action: ["s3:ListBucket", "s3:ListBucketVersions"],
      Resource: buckets,
    },
    {
      Sid: "ReadObjects",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:GetObjectVersion"],
      Resource: buckets.map((bucket) => `${bucket}/*`),
    },
    { Sid: "ListParameterNames", Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
    {
      Sid: "ReadParameters",
      Effect: "Allow",
      Action: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
      Resource: `arn:aws:ssm:${region}:${account}:parameter${parameters}/*`,
    },
    {
      Sid: "DecryptParameters",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: `arn:aws:kms:${region}:${account}:key/${kmsKey}`,
      Condition: { StringEquals: { "kms:ViaService": `ssm.${region}.amazonaws.com` } },
    },
  );
}

/** For whoever holds a key outside AWS, and for the Lambda: aux's role and nothing else. */
export const mayAssumeAux = ({ account, auxRole }: Context): PolicyDocument =>
  policy({ Effect: "Allow", Action: "sts:AssumeRole", Resource: roleArn(account, auxRole) });

/** Pushes images and reads what it pushed. */
export function releasePermissions({ account, region }: Context): PolicyDocument {
  return policy(
    { Sid: "Login", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
    {
      Sid: "PushAndRead",
      Effect: "Allow",
      Action: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      Resource: REPOSITORIES.map((name) => `arn:aws:ecr:${region}:${account}:repository/${name}`),
    },
  );
}
