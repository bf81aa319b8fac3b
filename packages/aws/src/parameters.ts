/** SSM Parameter Store: one value, or the list of all names. */
import type { Parameter, Parameters } from "@airlock/contract";
import {
  DescribeParametersCommand,
  GetParameterCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { type AwsCaller, type CallOptions, LIST_LIMITS, VALUE_LIMITS } from "./caller.ts";

/** The most that DescribeParameters gives at once. */
const PAGE_SIZE = 50;

export interface ParameterStore {
  /** @param name canonical name. @throws ProblemError parameter_not_found and the AWS codes. */
  get(name: string, options?: CallOptions): Promise<Parameter>;
  /** Every parameter without its value, sorted as SSM gives them. @throws ProblemError */
  list(options?: CallOptions): Promise<Parameters>;
}

export function createParameterStore(ssm: SSMClient, call: AwsCaller): ParameterStore {
  return {
    get: (name, options = {}) =>
      call("ssm.GetParameter", VALUE_LIMITS, options, async (abortSignal) => {
        const command = new GetParameterCommand({ Name: name, WithDecryption: true });
        const { Parameter: found } = await ssm.send(command, { abortSignal });
        return { name, value: found?.Value ?? "" };
      }),

    list: (options = {}) =>
      call("ssm.DescribeParameters", LIST_LIMITS, options, async (abortSignal) => {
        const parameters: Parameters["parameters"] = [];
        let token: string | undefined;
        do {
          const command = new DescribeParametersCommand({
            MaxResults: PAGE_SIZE,
            NextToken: token,
          });
          const page = await ssm.send(command, { abortSignal });
          for (const { Name, Type, LastModifiedDate } of page.Parameters ?? []) {
            if (!Name || !Type || !LastModifiedDate) continue;
            parameters.push({
              name: Name,
              type: Type,
              last_modified: LastModifiedDate.toISOString(),
            });
          }
          token = page.NextToken;
        } while (token); // a page may be empty and still not the last
        return { count: parameters.length, parameters };
      }),
  };
}
