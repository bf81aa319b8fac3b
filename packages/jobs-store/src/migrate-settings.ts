/** What `airlock-migrate` reads from its environment. */
import { commonSettings, type Environment } from "@airlock/config";
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
    MIGRATION_DATABASE_URL: storeSettings.DATABASE_URL.describe(
      "Where the owner of the tables finds Postgres itself. Unset means DATABASE_URL or the POSTGRES_ settings.",
    ),
  }),
);

/** The service may log in as somebody who may do less, and through a pooler. */
export const migrateEnvironment = (environment: Environment): Environment => {
  const { MIGRATION_DATABASE_URL: url } = environment;
  return url ? { ...environment, DATABASE_URL: url } : environment;
};
