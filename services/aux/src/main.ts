/** The process: environment → what aux is made of → listen → stop. */
import { runService } from "@airlock/http";
import { settingsSchema } from "./settings.ts";
import { startAux } from "./start-aux.ts";

await runService(
  settingsSchema,
  process.env,
  (context) => startAux(context),
  // nothing tells such a process which role has called, and nobody could be let in
  ({ LAYER_AUTH_ACCEPTS: accepts = "" }) =>
    accepts.trim() === "execution-api"
      ? ["LAYER_AUTH_ACCEPTS: execution-api is for the Lambda; here service-account is needed"]
      : [],
);
