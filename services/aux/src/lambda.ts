/** The Lambda behind the execution API: environment → what aux is made of → a handler for its events. */
import { loadSettings } from "@airlock/config";
import { createLogger, createMetrics, openLog } from "@airlock/http";
import { createHandler } from "./lambda/handler.ts";
import { createIncoming } from "./lambda/incoming.ts";
import { ownShare } from "./lambda/own-share.ts";
import { settingsSchema } from "./settings.ts";
import { exitWith, startAux } from "./start-aux.ts";

// what shows the documentation needs files beside its code, and nobody can open it here
const env = { ...process.env, DOCS: "off" };
const settings = await readSettings().catch(exitWith);
const log = openLog();
const logger = createLogger(settings, log);
const incoming = createIncoming();
const { app, aws } = await startAux(
  { settings, logger, metrics: createMetrics(settings) },
  { awsSettings: ownShare(settings), viaOf: incoming.viaOf },
);

async function readSettings() {
  return loadSettings(settingsSchema, env);
}

export const handler = awslambda.streamifyResponse(
  createHandler({
    app,
    session: aws.session,
    log,
    incoming,
    mode: settings.RESPONSE_TRANSFER_MODE,
  }),
);
