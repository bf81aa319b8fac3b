/** Where images are, and the role that pushes them: once for an account, however many environments it has. */
import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { Repository, TagMutability } from "aws-cdk-lib/aws-ecr";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { REPOSITORIES, releasePermissions } from "../src/policies/permissions.ts";
import { trustRelease } from "../src/policies/trust.ts";
import { namesFor } from "./names.ts";
import { role } from "./role.ts";

export class ImagesStack extends Stack {
  constructor(scope: Construct, context: Context) {
    super(scope, namesFor(context).images, {
      env: { account: context.account, region: context.region },
      description: "Airlock: image repositories, and the role of releases",
    });
    for (const repositoryName of REPOSITORIES)
      new Repository(this, repositoryName, {
        repositoryName,
        imageTagMutability: TagMutability.IMMUTABLE,
        imageScanOnPush: true,
        removalPolicy: RemovalPolicy.RETAIN,
      });
    role(this, "Release", "airlock-release", trustRelease(context), {
      "airlock-release": releasePermissions(context),
    });
  }
}
