// All state of one stand-in, and what a handler is given for one call.

import type { Principal, Sessions } from "./auth/sessions.ts";
import type { CallLog } from "./calls.ts";
import type { ExecuteApiLimits } from "./execute-api/limits.ts";
import type { FaultBook } from "./faults/fault-book.ts";
import type { Invocations } from "./lambda/invocations.ts";
import type { Stores } from "./store-folder/stores.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

export interface World extends Omit<Stores, "close"> {
  readonly sessions: Sessions;
  readonly faults: FaultBook;
  readonly calls: CallLog;
  /** Of the one function that there is. */
  readonly invocations: Invocations;
  readonly executeApiLimits: ExecuteApiLimits;
  /** True time, milliseconds since the epoch. */
  readonly now: () => number;
}

/** One verified call on its way through a handler. */
export interface Call {
  readonly request: WireRequest;
  readonly operation: string;
  readonly requestId: string;
  readonly principal: Principal;
  /** The server's clock, skew included. */
  readonly nowMs: number;
  readonly world: World;
}

export type Handler = (call: Call) => WireAnswer;
