/** What `airlock-migrate` reads from its environment. */
import { commonSettings } from "@airlock/config";
import * as z from "zod";
import { storeSettings, withStoreRules } from "./settings.ts";

const { ENVIRONMENT } = commonSettings;

export const migrateSchema = withStoreRules(
  z.object({
    ENVIRONMENT,
    ...storeSettings,
    GPU_TYPES_FILE: z
      .string()
      .optional()
      .describe("Machines that jobs can ask for. Unset leaves those of the database as they are."),
  }),
);
