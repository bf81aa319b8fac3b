/** Both stacks of one environment, checked by cdk-nag when they are synthesised. */
import { App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { Context } from "../src/context.ts";
import { acknowledgeFindings } from "./acknowledged.ts";
import { ExecutionStack } from "./execution-stack.ts";
import { FoundationStack } from "./foundation-stack.ts";

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
    new FoundationStack(app, context),
    new ExecutionStack(app, context, bundle),
  ]) {
    acknowledgeFindings(stack);
    Tags.of(stack).add("airlock:environment", context.environment);
  }
  app.synth();
}
