/** How a path of the jobs API is described. Its bodies are checked by jobs, and passed on as they are. */
import type * as z from "zod";
import type { ClassName } from "../../upstream/classes.ts";

export type JobsClass = Extract<ClassName, "jobs" | "follow" | "events" | "eventWait">;

export interface JobsRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** As the router writes it. */
  readonly url: `/v1/${string}`;
  readonly summary: string;
  readonly tag: "auth" | "keys" | "jobs" | "disks" | "cluster" | "admin";
  /** Unset means that no body is passed on. */
  readonly body?: z.ZodType;
  readonly querystring?: z.ZodType;
  /** JSON; undefined: plain text, as `text` describes it. */
  readonly answer?: z.ZodType;
  readonly text?: string;
  /** Statuses of the problems that jobs has for it, and not for every route like it. */
  readonly problems: readonly number[];
  /** What it is when it is asked for so; unset means jobs. */
  readonly classOf?: (path: string, accept: string | undefined) => JobsClass;
  /** Its answer may as well be this. */
  readonly stream?: string;
  /** It becomes a WebSocket. */
  readonly isTunnel?: boolean;
  /** Asks for no key, may be slow, and is never carried out once for two. */
  readonly isLogin?: boolean;
}
