/** What aux reads from its environment. */
import { awsSettings, withAwsRules } from "@airlock/aws";
import { commonSettings, serviceName } from "@airlock/config";
import { layerVerifySettings, withLayerVerifyRules } from "@airlock/identity";
import * as z from "zod";

export const settingsSchema = withLayerVerifyRules(
  withAwsRules(
    z.object({
      SERVICE_NAME: serviceName("aux"),
      ...commonSettings,
      ...layerVerifySettings,
      ...awsSettings,
    }),
  ),
);

export type Settings = Readonly<z.infer<typeof settingsSchema>>;
