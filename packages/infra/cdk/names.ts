/** What the stacks and their parts are called. */
import type { Context } from "../src/context.ts";

export interface Names {
  readonly images: string;
  readonly roles: string;
  readonly execution: string;
  readonly lambda: string;
  readonly accessLog: string;
  readonly lambdaLog: string;
  readonly topic: string;
  readonly dashboard: string;
  /** Of the metrics that are counted from the access log. */
  readonly namespace: string;
}

export function namesFor({ environment }: Context): Names {
  const execution = `airlock-execution-${environment}`;
  return {
    images: "airlock-images",
    roles: `airlock-roles-${environment}`,
    execution,
    lambda: `airlock-aux-${environment}`,
    accessLog: `/airlock/execution-api/${environment}`,
    lambdaLog: `/aws/lambda/airlock-aux-${environment}`,
    topic: `${execution}-alarms`,
    dashboard: execution,
    namespace: `Airlock/ExecutionApi/${environment}`,
  };
}
