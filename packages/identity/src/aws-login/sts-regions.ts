/**
 * The regions whose STS may be asked, and their hosts. A list, not a pattern: a host that a client
 * can influence is how such logins were broken elsewhere (CVE-2025-49827).
 * https://docs.aws.amazon.com/general/latest/gr/sts.html
 */

/** Account ids mean something only within their partition. */
export type Partition = "aws" | "aws-cn" | "aws-us-gov";

const PARTITIONS = [
  {
    partition: "aws",
    suffix: "amazonaws.com",
    regions: [
      ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1"],
      ...["eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"],
      ...["eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1"],
      ...["ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
      ...["ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"],
      ...["ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"],
      ...["af-south-1", "mx-central-1", "sa-east-1"],
    ],
  },
  {
    partition: "aws-cn",
    suffix: "amazonaws.com.cn",
    regions: ["cn-north-1", "cn-northwest-1"],
  },
  {
    partition: "aws-us-gov",
    suffix: "amazonaws.com",
    regions: ["us-gov-east-1", "us-gov-west-1"],
  },
] as const;

export interface StsRegion {
  readonly partition: Partition;
  /** The regional endpoint, e.g. `sts.eu-west-1.amazonaws.com`. */
  readonly host: string;
}

export const STS_REGIONS: ReadonlyMap<string, StsRegion> = new Map(
  PARTITIONS.flatMap(({ partition, suffix, regions }) =>
    regions.map((region) => [region, { partition, host: `sts.${region}.${suffix}` }] as const),
  ),
);
