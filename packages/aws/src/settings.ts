/** The settings of AWS access, shared by every service that may call AWS. */
import { httpUrl, integer, type Rule, withRules } from "@airlock/config";
import * as z from "zod";
import { EGRESS_RULES, egressSettings } from "./egress.ts";

const roleArn = () =>
  z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, {
    error: "must be a role ARN such as arn:aws:iam::111122223333:role/name",
  });

export const awsSettings = {
  AWS_ROLE_ARN: roleArn()
    .optional()
    .describe("Role to assume; with AWS_WEB_IDENTITY_TOKEN_FILE, the role that the token is for."),
  AWS_ROLE_SESSION_SECONDS: integer(900, 43_200)
    .default(3600)
    .describe("Life of an assumed-role session, 900 to 43200; chained roles allow 3600 at most."),
  AWS_ROLE_EXTERNAL_ID: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, { error: "must be 2 to 1224 of A-Z a-z 0-9 _+=,.@:/-" })
    .optional()
    .describe("External id that the role's trust policy asks for."),
  AWS_WEB_IDENTITY_TOKEN_FILE: z
    .string()
    .optional()
    .describe("File with the pod's web identity token (IRSA); set by EKS."),
  ASSUME_ROLE_ARN: roleArn()
    .optional()
    .describe("With AWS_WEB_IDENTITY_TOKEN_FILE: a further role to assume from the first one."),
  AWS_ACCESS_KEY_ID: z.string().optional().describe("Base credentials; else the default chain."),
  AWS_SECRET_ACCESS_KEY: z.string().optional().describe("Goes with AWS_ACCESS_KEY_ID."),
  AWS_SESSION_TOKEN: z
    .string()
    .optional()
    .describe("Goes with AWS_ACCESS_KEY_ID when that is temporary."),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: z
    .string()
    .optional()
    .describe("Set by EKS Pod Identity; read by the default chain."),
  AWS_ENDPOINT_URL: httpUrl()
    .optional()
    .describe("Another address for every AWS service, such as an emulator."),
  AWS_ENDPOINT_URL_S3: httpUrl().optional().describe("Another address for S3 alone."),
  AWS_ENDPOINT_URL_SSM: httpUrl().optional().describe("Another address for SSM alone."),
  AWS_ENDPOINT_URL_STS: httpUrl().optional().describe("Another address for STS alone."),
  ...egressSettings,
  CACHE_FRESH_SECONDS: integer(0, 3600)
    .default(10)
    .describe("Age up to which a value is served from memory; 0 asks AWS for every read."),
  CACHE_LIST_FRESH_SECONDS: integer(0, 86_400)
    .default(30)
    .describe("The same for the list of parameters; a long list is refreshed less often."),
  CACHE_STALE_SECONDS: integer(0, 86_400)
    .default(300)
    .describe("Age up to which a value is served while AWS cannot answer; 0 never."),
  CACHE_MAX_ENTRIES: integer(1, 1_000_000)
    .default(10_000)
    .describe("The most values and trees that are kept in memory."),
  CACHE_MAX_BYTES: integer(1, 2 ** 34)
    .default(64 * 2 ** 20)
    .describe(
      "The most bytes that they take, a quarter of them for lists and trees as they are sent.",
    ),
  SSM_CALLS_PER_SECOND: integer(1, 10_000)
    .default(10)
    .describe(
      "Calls to SSM for values that one process makes; all of an account share 40 a second unless it pays for more.",
    ),
  SSM_DESCRIBE_CALLS_PER_SECOND: integer(1, 10_000)
    .default(1)
    .describe(
      "Calls to SSM for lists of names, of 50 each; AWS slows them down at a few a second, of all of an account together.",
    ),
};

const schema = z.object(awsSettings);
export type AwsSettings = Readonly<z.infer<typeof schema>> & {
  readonly AWS_REGION: string;
  readonly SERVICE_NAME: string;
};

type Fields = Partial<z.infer<typeof schema>>;

const RULES: readonly Rule<Fields>[] = [
  ...EGRESS_RULES,
  {
    key: "AWS_ROLE_ARN",
    message: "is needed with AWS_WEB_IDENTITY_TOKEN_FILE",
    isBroken: (s) => Boolean(s.AWS_WEB_IDENTITY_TOKEN_FILE) && !s.AWS_ROLE_ARN,
  },
  {
    key: "ASSUME_ROLE_ARN",
    message: "goes with AWS_WEB_IDENTITY_TOKEN_FILE; AWS_ROLE_ARN names the role otherwise",
    isBroken: (s) => Boolean(s.ASSUME_ROLE_ARN) && !s.AWS_WEB_IDENTITY_TOKEN_FILE,
  },
  {
    key: "AWS_SECRET_ACCESS_KEY",
    message: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together",
    isBroken: (s) => Boolean(s.AWS_ACCESS_KEY_ID) !== Boolean(s.AWS_SECRET_ACCESS_KEY),
  },
  {
    key: "AWS_ROLE_SESSION_SECONDS",
    message:
      "must be at most 3600 here: AWS limits a role assumed from another role's session (role chaining) to one hour",
    isBroken: (s) => isChained(s) && (s.AWS_ROLE_SESSION_SECONDS ?? 0) > 3600,
  },
];

/** A schema that holds `awsSettings`, with the rules between them; all are checked in one go. */
export const withAwsRules = <S extends z.ZodObject>(schema: S): S => withRules(schema, RULES);

/** Whether the role is assumed with the credentials of another role. */
function isChained(settings: Fields): boolean {
  if (settings.AWS_WEB_IDENTITY_TOKEN_FILE) return settings.ASSUME_ROLE_ARN !== undefined;
  const fromRole = settings.AWS_SESSION_TOKEN ?? settings.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  return settings.AWS_ROLE_ARN !== undefined && fromRole !== undefined;
}
