/** Presents the gateway to the execution API: every call signed, the caller's name in headers that the signature covers. */
import type { AwsClock } from "@airlock/config";
import { type LayerPresenter, withCaller } from "../layer-presenter.ts";
import type { IdentityLog } from "../log.ts";
import type { SessionSource } from "./session.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { createSigner, type Signing } from "./signer.ts";

export interface ExecutionPresenter extends LayerPresenter {
  readonly signing: Signing;
  /** There has been a session: until then every call would fail. */
  isReady(): boolean;
  /** Until the session expires; 0 without one. */
  secondsLeft(): number;
  /** Attempts in a row to renew it that failed. */
  failures(): number;
}

export interface ExecutionPresenterOptions {
  /** As requests to the API name it. */
  readonly host: string;
  readonly region: string;
  readonly source: SessionSource;
  readonly log: IdentityLog;
  readonly clock?: AwsClock;
}

/** AWS's words for a session that it does not take, or no more. */
const OF_SESSION = new Set(["ExpiredTokenException", "UnrecognizedClientException"]);

/** Begins to fetch a session at once. */
export function createExecutionPresenter(options: ExecutionPresenterOptions): ExecutionPresenter {
  const { host, region, source, log } = options;
  const keeper = new SessionKeeper(source, log, options.clock);
  keeper.start();
  const { clock } = keeper;
  const credentials = () => keeper.current();
  return {
    headers: (callerName, groups, clientAddress) =>
      withCaller({}, callerName, groups, clientAddress),
    signing: {
      sign: createSigner({ host, region, credentials, nowMs: () => clock.awsNow }),
      refused(errorType, atMs) {
        if (OF_SESSION.has(errorType)) keeper.refused();
        // it is said of a wrong date too
        if (errorType === "InvalidSignatureException") clock.note(atMs);
      },
      accepted: () => keeper.accepted(),
    },
    isReady: () => keeper.hadSession,
    secondsLeft: () => keeper.secondsLeft(),
    failures: () => keeper.failures,
    refresh: async () => keeper.tick(),
    close: () => keeper.stop(),
  };
}
