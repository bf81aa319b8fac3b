/** A small service for tests of the process: slow answers, a fault on demand. */
import { commonSettings, serviceName } from "@airlock/config";
import { createServer, runService } from "@airlock/http";
import * as z from "zod";

const schema = z.object({ SERVICE_NAME: serviceName("fixture"), ...commonSettings });

await runService(schema, process.env, async ({ settings, logger, metrics }) => {
  const about = { title: "Fixture", description: "For tests.", version: "0" };
  const isReady = () => true;
  const app = await createServer({ settings, about, isReady, logger, metrics }, (routes) => {
    routes.get("/fast", async () => ({ ok: true }));
    routes.post("/bodyless", async (request) => ({ body: request.body ?? null }));
    routes.delete("/bodyless", async (request) => ({ body: request.body ?? null }));
    routes.get("/slow", async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return { ok: true };
    });
    routes.get("/wait", (request, reply) => {
      const endWait = request.takePlace("wait");
      routes.draining.addEventListener("abort", () => {
        endWait();
        reply.send({ ok: true });
      });
    });
    routes.get("/reject", async () => {
      void Promise.reject(new Error("nobody handles this"));
      return { ok: true };
    });
    routes.get("/secrets", async (request) => {
      request.log.info({ authorization: "CANARY-1", nested: { secretAccessKey: "CANARY-2" } }, "x");
      throw Object.assign(new Error("failed"), { request: { headers: { token: "CANARY-3" } } });
    });
  });
  return { app, close: async () => void logger.info("clients closed") };
});
