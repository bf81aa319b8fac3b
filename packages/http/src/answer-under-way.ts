/** Whether a connection is answering, and what. */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** The answer that a connection is busy with. `_httpMessage` is where Node keeps it. */
export const answerUnderWay = (socket: Duplex): ServerResponse | undefined =>
  (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
