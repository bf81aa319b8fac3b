/** The process: environment → what aux is made of → listen → stop. */
import { runService } from "@airlock/http";
import { refuseRolesAlone } from "@airlock/identity";
import { settingsSchema } from "./settings.ts";
import { startAux } from "./start-aux.ts";

await runService(settingsSchema, process.env, (context) => startAux(context), refuseRolesAlone);
