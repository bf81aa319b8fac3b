/** What aux reads from its environment. */
import { awsSettings, withAwsRules } from "@airlock/aws";
import { commonSettings, serviceName } from "@airlock/config";
import { layerVerifySettings, withLayerVerifyRules } from "@airlock/identity";
import * as z from "zod";

const fields = z.object({
  SERVICE_NAME: serviceName("aux"),
  ...commonSettings,
  ...layerVerifySettings,
  ACCESS_POLICY_FILE: z
    .string()
    .optional()
    .describe(
      "Who may do what (docs/policy.md); read again when it changes. Unset lets everybody read, in dev alone.",
    ),
  ...awsSettings,
});

export const settingsSchema = withLayerVerifyRules(withAwsRules(fields)).refine(
  (settings) => settings.ACCESS_POLICY_FILE !== undefined || settings.ENVIRONMENT === "dev",
  {
    path: ["ACCESS_POLICY_FILE"],
    error: "must be set outside dev: without a policy everybody may read everything",
    when: () => true,
  },
);

export type Settings = Readonly<z.infer<typeof settingsSchema>>;
