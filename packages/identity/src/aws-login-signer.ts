/** The client's part of a login by itself, for programs that load nothing else of this package. */
export {
  type AwsKeys,
  type SignOptions,
  signGetCallerIdentity,
} from "./aws-login/sign-identity-request.ts";
