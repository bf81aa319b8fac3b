/** What aux reads from its environment. */
import { awsSettings, withAwsRules } from "@airlock/aws";
import { commonSettings, serviceName } from "@airlock/config";
import * as z from "zod";

export const settingsSchema = withAwsRules(
  z.object({ SERVICE_NAME: serviceName("aux"), ...commonSettings, ...awsSettings }),
);

export type Settings = Readonly<z.infer<typeof settingsSchema>>;
