// The errors Parameter Store answers.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html#API_PutParameter_Errors

import { AwsError } from "../aws-error.ts";

/** AWS sends this one without a message. */
export const parameterNotFound = () => new AwsError("ParameterNotFound", 400, "");

export const validationException = (message: string) =>
  new AwsError("ValidationException", 400, message);

export const parameterVersionNotFound = (name: string, selector: string) =>
  new AwsError(
    "ParameterVersionNotFound",
    400,
    `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
  );

export const invalidNextToken = () =>
  new AwsError("InvalidNextToken", 400, "The specified token is not valid.");

export const serializationException = (message: string) =>
  new AwsError("SerializationException", 400, message);
