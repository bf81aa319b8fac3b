/** The type of every service's application: Fastify whose schemas are zod's. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyInstance {
    /** True once the process has begun to stop: not ready, and every answer ends its connection. */
    isDraining: boolean;
  }
  interface FastifyContextConfig {
    /** Answers without asking who is calling. */
    isOpen?: boolean;
  }
  interface FastifyRequest {
    /** Who is calling, where that was verified. */
    caller: string | undefined;
    /** More members of this request's log line, set by whoever handles it. */
    logFields: Record<string, string | number | boolean> | undefined;
  }
}
