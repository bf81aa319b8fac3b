/** The type of every service's application: Fastify whose schemas are zod's. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ClientAddress } from "./client-address.ts";
import type { Tunnels } from "./tunnel/tunnels.ts";

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What a request may last for without being work (see waiting.ts). */
export type PlaceKind = "wait" | "stream" | "follow" | "events" | "tunnel";

declare module "fastify" {
  interface FastifyInstance {
    /** True once the process has begun to stop: not ready, and every answer ends its connection. */
    isDraining: boolean;
    /** Aborted when the server closes: whatever could go on for long ends now, with an answer. */
    draining: AbortSignal;
    /** They live on while the server closes. */
    tunnels: Tunnels;
  }
  interface FastifyContextConfig {
    /** The public service answers without asking who is calling. */
    isOpen?: boolean;
    /** Every service answers, whoever asks; who has shown a good proof may learn more. */
    answersAnybody?: boolean;
    /** A WebSocket can be had here, by GET. */
    isTunnel?: boolean;
    /** What to do instead of a URL that is too long. */
    longTargetHint?: string;
  }
  interface FastifyRequest {
    /** Its `routeOptions`, which Fastify makes anew for whoever asks. */
    route: FastifyRequest["routeOptions"];
    /** Name, value, name, value, …: see answer-headers.ts. */
    answerHeaders: string[];
    /** Whom the request counts for where nobody knows who is calling; not Fastify's `ip`. */
    client: ClientAddress;
    /** A service whose proof was good has told the client: otherwise its peer is that service. */
    isClientTold: boolean;
    /** Who is calling, where that was verified. */
    caller: string | undefined;
    /** The groups that the caller is in, where that was verified. */
    groups: readonly string[] | undefined;
    /**
     * From now until the returned function is called, the request does not count among those in
     * progress but among the waits, streams, logs or events that are followed, or tunnels: for what waits
     * for a change, or for a slow reader.
     *
     * @param client whose place it is; unset means its holder's.
     *
     * @throws ProblemError too_many_at_once when its client has all that one may have, overloaded
     * when all clients together have.
     */
    takePlace(kind: PlaceKind, client?: string): () => void;
    /** Whose part of what all clients share the request takes; undefined where nobody knows. */
    holder: string | undefined;
    /** It counts among its holder's requests in progress. */
    isInShare: boolean;
    /** The calling service has shown a good proof, where `answersAnybody` lets others in too. */
    isFromKnownService: boolean;
    /** A limit has counted the request; who is refused before that is counted when it is answered. */
    isCounted: boolean;
    /** For log and metrics, where an answer broke off after its head and it was not its client that left. */
    brokenStatus: number | undefined;
    /** For the log: under which request id the service behind was asked, where another request did that. */
    sharedWith: string | undefined;
    /** More members of this request's log line, set by whoever handles it. */
    logFields: Record<string, string | number | boolean> | undefined;
  }
}
