/** A process that reads an issuer's keys and says whether it could: which CAs Node trusts is known at its start. */
import { createLayerVerifier, layerVerifySettings } from "@airlock/identity";
import * as z from "zod";

const settings = z.object(layerVerifySettings).parse({
  LAYER_AUTH_MODE: "enforce",
  LAYER_AUTH_AUDIENCE: "aux",
  LAYER_AUTH_SUBJECTS: "system:serviceaccount:gateway:gateway",
  ...process.env,
});
let hasFailed = false;
const log = {
  info() {},
  warn() {},
  error() {
    hasFailed = true;
  },
};
const verifier = createLayerVerifier(settings, { log });
while (!verifier?.isReady() && !hasFailed) await new Promise((resolve) => setTimeout(resolve, 5));
process.stdout.write(verifier?.isReady() ? "ready\n" : "not ready\n");
verifier?.close();
