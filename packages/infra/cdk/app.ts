/** All stacks of one environment, checked by cdk-nag when they are synthesised. */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { Context } from "../src/context.ts";
import { acknowledgeFindings } from "./acknowledged.ts";
import { ExecutionStack } from "./execution-stack.ts";
import { ImagesStack } from "./images-stack.ts";
import { RolesStack } from "./roles-stack.ts";

/**
 * Writes the templates and assets to `outdir`.
 *
 * @param bundle the folder that becomes the Lambda.
 * @throws Error that tells of findings of cdk-nag which nobody has acknowledged.
 */
export function synthesise(context: Context, bundle: string, outdir: string): void {
  const app = new App({ outdir, analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  for (const stack of [
    new ImagesStack(app, context),
    new RolesStack(app, context),
    new ExecutionStack(app, context, bundle),
  ])
    acknowledgeFindings(stack);
  app.synth();
}
