/** A small service for tests of the process: slow answers, a fault on demand. */
import { commonSettings, serviceName, tunnelSettings } from "@airlock/config";
import { createServer, demandWebSocket, runService, takeConnection } from "@airlock/http";
import * as z from "zod";

const schema = z.object({
  SERVICE_NAME: serviceName("fixture"),
  ...commonSettings,
  ...tunnelSettings,
});

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
    routes.get("/tunnel", { config: { isTunnel: true } }, async (request, reply) => {
      demandWebSocket(request);
      const { socket, over } = takeConnection(request, reply);
      const gone = routes.tunnels.add(() => socket.end("going"));
      socket.once("close", () => {
        gone();
        over({ sentBytes: socket.bytesRead, receivedBytes: socket.bytesWritten, end: "client" });
      });
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      socket.pipe(socket, { end: false });
      socket.once("end", () => socket.end());
      return reply;
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
  const tunnelDrainSeconds = settings.TUNNEL_DRAIN_SECONDS;
  return { app, tunnelDrainSeconds, close: async () => void logger.info("clients closed") };
});
