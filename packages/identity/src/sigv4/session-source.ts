/** Where the credentials of the role come from that may invoke the execution API: one place, named by what EKS and ECS set. */
import type { Environment } from "@airlock/config";
import * as z from "zod";
import { STS_REGIONS } from "../aws-login/sts-regions.ts";
import { containerSource } from "./container.ts";
import { containerAddress } from "./container-address.ts";
import type { SessionSource } from "./session.ts";
import { webIdentitySource } from "./web-identity.ts";

/** What EKS (IRSA, Pod Identity) and ECS put into a container's environment. */
export const sessionSettings = {
  AWS_ROLE_ARN: z
    .string()
    .regex(/^arn:aws(-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, {
      error: "must be a role's ARN, such as arn:aws:iam::111122223333:role/airlock-gateway",
    })
    .optional()
    .describe("With LAYER_AUTH=sigv4 and IRSA: the role that may invoke the execution API."),
  AWS_WEB_IDENTITY_TOKEN_FILE: z
    .string()
    .optional()
    .describe(
      "With LAYER_AUTH=sigv4 and IRSA: the projected token for STS; read for each session.",
    ),
  AWS_ROLE_SESSION_NAME: z
    .string()
    .regex(/^[\w+=,.@-]{2,64}$/, { error: "must be 2 to 64 letters, digits or _+=,.@-" })
    .optional()
    .describe("With IRSA: the name of its sessions. Unset means SERVICE_NAME."),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: z
    .string()
    .optional()
    .describe("With LAYER_AUTH=sigv4 and EKS Pod Identity or ECS: where the agent is."),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: z
    .string()
    .optional()
    .describe("The same with ECS: a path at 169.254.170.2."),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: z
    .string()
    .regex(/^[\x20-\x7e]{1,8192}$/, { error: "must be what fits into a header" })
    .optional()
    .describe("What the agent is shown."),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: z
    .string()
    .optional()
    .describe("The same in a file, which is read for each session."),
} as const;

const schema = z.object(sessionSettings);
export type SessionSettings = Readonly<z.infer<typeof schema>>;
export type SessionVariable = keyof SessionSettings;

export const SESSION_VARIABLES = Object.keys(sessionSettings) as readonly SessionVariable[];

/**
 * What is wrong with the choice of a source, as `runService` takes it: there must be one, whole, and no second.
 *
 * @param env trimmed or not; an empty variable is none.
 */
export function refuseSessionSource(env: Environment): string[] {
  const set = (name: SessionVariable) => env[name]?.trim() || undefined;
  const role = set("AWS_ROLE_ARN");
  const file = set("AWS_WEB_IDENTITY_TOKEN_FILE");
  const full = set("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const relative = set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const isIrsa = role !== undefined || file !== undefined;
  const isContainer = full !== undefined || relative !== undefined;
  if (!isIrsa && !isContainer) return [NO_SOURCE];
  if (isIrsa && isContainer) return [TWO_SOURCES];
  if (isIrsa) {
    if (role === undefined) return ["AWS_ROLE_ARN: is needed beside AWS_WEB_IDENTITY_TOKEN_FILE"];
    if (file === undefined) return ["AWS_WEB_IDENTITY_TOKEN_FILE: is needed beside AWS_ROLE_ARN"];
    return [];
  }
  const name = relative === undefined ? "_FULL_URI" : "_RELATIVE_URI";
  if (full !== undefined && relative !== undefined) return [TWO_ADDRESSES];
  const address = containerAddress(relative, full);
  return [
    ...("problem" in address ? [`AWS_CONTAINER_CREDENTIALS${name}: ${address.problem}`] : []),
    ...(set("AWS_CONTAINER_AUTHORIZATION_TOKEN") && set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
      ? [
          "AWS_CONTAINER_AUTHORIZATION_TOKEN: is one too many beside AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]
      : []),
  ];
}

const NO_SOURCE =
  "LAYER_AUTH: sigv4 needs the credentials of a role: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (IRSA), AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity) or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS)";
const TWO_SOURCES =
  "AWS_ROLE_ARN: IRSA and AWS_CONTAINER_CREDENTIALS_… are two sources of credentials; unset one, so that it is clear as whom the gateway speaks";
const TWO_ADDRESSES =
  "AWS_CONTAINER_CREDENTIALS_FULL_URI: is one too many beside AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

export interface SourceOptions {
  /** Whose STS is asked. */
  readonly region: string;
  /** The name of sessions, unless the environment has one. */
  readonly sessionName: string;
  /** Instead of the region's own STS. */
  readonly stsUrl?: string | undefined;
}

/** @throws RangeError for settings that `refuseSessionSource` refuses, and for a region whose STS is not known. */
export function sessionSource(settings: SessionSettings, options: SourceOptions): SessionSource {
  const { AWS_ROLE_ARN: roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = settings;
  if (roleArn !== undefined && tokenFile !== undefined) {
    const { AWS_ROLE_SESSION_NAME: sessionName = options.sessionName } = settings;
    return webIdentitySource({ roleArn, tokenFile, sessionName, url: stsOf(options) });
  }
  const url = containerAddress(
    settings.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    settings.AWS_CONTAINER_CREDENTIALS_FULL_URI,
  );
  if ("problem" in url) throw new RangeError(url.problem);
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = settings;
  return containerSource({
    url,
    token,
    tokenFile: settings.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
  });
}

function stsOf({ region, stsUrl }: SourceOptions): URL {
  const host = STS_REGIONS.get(region)?.host;
  if (stsUrl === undefined && host === undefined) {
    throw new RangeError(`no STS is known in region ${region}`);
  }
  return new URL(stsUrl ?? `https://${host}`);
}
