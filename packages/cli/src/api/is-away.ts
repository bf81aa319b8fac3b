/** Whether a service may be there again in a while. */
import type { CliError } from "../cli-error.ts";
import { ApiError } from "./problem.ts";
import { UnreachableError } from "./transport.ts";

/** A restart, a rolling deploy, too many requests: what was asked for goes on meanwhile. */
export const isAway = (error: unknown): error is CliError =>
  error instanceof UnreachableError ||
  (error instanceof ApiError && [429, 502, 503, 504].includes(error.problem.status));
