/** What jobs reads from its environment. */
import {
  commonSettings,
  type Environment,
  httpUrl,
  integer,
  onOff,
  port,
  type Rule,
  serviceName,
  tunnelSettings,
  withRules,
} from "@airlock/config";
import { isImageReference } from "@airlock/contract";
import {
  isRoleWish,
  layerPresentSettings,
  layerVerifySettings,
  STS_REGIONS,
  withLayerVerifyRules,
} from "@airlock/identity";
import { placementSettings, storeSettings, withStoreRules } from "@airlock/jobs-store";
import * as z from "zod";
import { adminSubjects, isOpenToAll } from "./admin/admin-subjects.ts";

const fields = z.object({
  SERVICE_NAME: serviceName("jobs"),
  ...commonSettings,
  ...tunnelSettings,
  PORT: port().default(8000).describe("Port of the service."),
  ...layerVerifySettings,
  ...layerPresentSettings,
  PROCESSOR_SERVICE_URL: httpUrl()
    .optional()
    .describe(
      "The processor, for the logs of jobs that run. Unset means that there are none until a job is over.",
    ),
  ...storeSettings,
  ENV_VARS_KEYS_FILE: z
    .string()
    .optional()
    .describe(
      "Keys that encrypt env_vars, one to three lines `<id>:<32 bytes in base64>`; the first one encrypts, all decrypt. Unset means a key of this process alone, in dev.",
    ),
  DEFAULT_DISK_SIZE_GB: integer(10, 10_000)
    .default(100)
    .describe("Size of a disk for which none is asked."),
  DEFAULT_IMAGE: z
    .string()
    .refine(isImageReference, {
      error: "must be the name of an image, such as pytorch/pytorch:latest",
    })
    .optional()
    .describe("Image of jobs that name none. Unset means that each names its own."),
  ...placementSettings,
  MAX_JOB_HOURS: integer(1, 8760)
    .default(72)
    .describe(
      "Hours that a job may run, counted from its launch, with all its extensions. The same for jobs and processor.",
    ),
  RATE_LIMIT_PER_MINUTE: integer(0, 10_000_000)
    .optional()
    .describe(
      "Requests a minute that one pod takes from one user, and from one address (of IPv6, one /64) with keys that it does not know; 0 for no limit. Unset means 6000 with LAYER_AUTH_MODE=enforce, else 0: without it every address is a gateway's.",
    ),
  KEY_RATE_LIMIT_PER_MINUTE: integer(0, 10_000_000)
    .optional()
    .describe(
      "Of these, requests with one key; 0 for no limit of its own. Unset means 3000 with LAYER_AUTH_MODE=enforce, else 0.",
    ),
  FOLLOWS_PER_USER: integer(1, 500)
    .default(20)
    .describe("Logs that one pod follows at once for one user, of 500 for all."),
  EVENT_READERS_PER_USER: integer(1, 1500)
    .default(100)
    .describe(
      "Streams of events, and waits for them, that one pod holds at once for one user, of 1500 for all.",
    ),
  TUNNELS_PER_USER: integer(1, 500)
    .default(50)
    .describe("Tunnels that one pod holds at once for one user, of 500 for all."),
  API_KEY_TTL_HOURS: integer(1, 168)
    .default(2)
    .describe("Life of an API key, 1 to 168 hours; rotating does not prolong it."),
  ALLOWED_AWS_ROLE: z
    .string()
    .refine(isRoleWish, {
      error: "must be the name of a role, without its path, or AWSReservedSSO_<permission set>_*",
    })
    .default("SSOCloudDevGpuReservation")
    .describe(
      "Role whose sessions may log in, exactly; of a permission set of IAM Identity Center AWSReservedSSO_<name>_*, where the star stands for the 16 hex digits that differ by account.",
    ),
  ALLOWED_AWS_ACCOUNTS: z
    .string()
    .transform((text) => text.split(",").map((account) => account.trim()))
    .refine((accounts) => accounts.every((account) => /^\d{12}$/.test(account)), {
      error: "must be account ids of 12 digits, by comma",
    })
    .describe("Accounts whose sessions of that role may log in, by comma."),
  ADMIN_SUBJECTS: adminSubjects()
    .optional()
    .describe(
      "Who may use `/v1/admin`: callers of API keys as in docs/policy.md, `aws:<account>:<role>:<session>`, `*` for any characters; several by blanks or commas. Unset means nobody.",
    ),
  LOGIN_SERVER_ID: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}$/, { error: "must be like a host name" })
    .optional()
    .describe(
      "Name of this installation, which clients sign when they log in, such as its host name. Unset means airlock-dev, in dev.",
    ),
  ALLOW_RAW_AWS_LOGIN: onOff()
    .optional()
    .describe(
      "Take AWS credentials themselves at the login: on or off. Unset means on in dev; elsewhere it cannot be on.",
    ),
  AWS_ENDPOINT_URL: httpUrl()
    .optional()
    .describe("Another address for every AWS service, such as an emulator."),
  AWS_ENDPOINT_URL_STS: httpUrl().optional().describe("Another address for STS alone."),
});

type Fields = Partial<z.infer<typeof fields>>;
const isDev = ({ ENVIRONMENT }: Fields) => ENVIRONMENT === "dev";

function isEverybodyAdmin({ ADMIN_SUBJECTS, ALLOWED_AWS_ACCOUNTS, ALLOWED_AWS_ROLE }: Fields) {
  if (!ADMIN_SUBJECTS || !ALLOWED_AWS_ACCOUNTS || !ALLOWED_AWS_ROLE) return false;
  return isOpenToAll(ADMIN_SUBJECTS, { ALLOWED_AWS_ACCOUNTS, ALLOWED_AWS_ROLE });
}

const RULES: readonly Rule<Fields>[] = [
  {
    key: "ENV_VARS_KEYS_FILE",
    message: "is needed outside dev: env_vars hold secrets",
    isBroken: (s) => !isDev(s) && s.ENV_VARS_KEYS_FILE === undefined,
  },
  {
    key: "LAYER_AUTH",
    message: "must be chosen outside dev: what the processor is shown",
    isBroken: (s) =>
      !isDev(s) && s.PROCESSOR_SERVICE_URL !== undefined && s.LAYER_AUTH === undefined,
  },
  {
    key: "LOGIN_SERVER_ID",
    message: "is needed outside dev: a login for another installation must not work here",
    isBroken: (s) => !isDev(s) && s.LOGIN_SERVER_ID === undefined,
  },
  {
    key: "ADMIN_SUBJECTS",
    message: "names every user outside dev: say which sessions are operators'",
    isBroken: (s) => !isDev(s) && isEverybodyAdmin(s),
  },
  {
    key: "ALLOW_RAW_AWS_LOGIN",
    message: "cannot be on outside dev: credentials belong to nobody but their owner",
    isBroken: (s) => !isDev(s) && s.ALLOW_RAW_AWS_LOGIN === true,
  },
  ...(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] as const).map((key) => ({
    key,
    message: "is for dev: whoever answers there decides who may log in",
    isBroken: (s: Fields) => !isDev(s) && s[key] !== undefined,
  })),
  {
    key: "AWS_REGION",
    message: "is no region whose STS is known",
    isBroken: (s) => s.AWS_REGION !== undefined && !STS_REGIONS.has(s.AWS_REGION),
  },
];

export const settingsSchema = withLayerVerifyRules(withStoreRules(withRules(fields, RULES)));
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** What one pod takes from one user in a minute; 0 means no limit. */
export const rateLimitPerMinute = (settings: Settings): number =>
  settings.RATE_LIMIT_PER_MINUTE ?? (settings.LAYER_AUTH_MODE === "enforce" ? 6000 : 0);

/** What one pod takes of them with one key. */
export const keyRateLimitPerMinute = (settings: Settings): number =>
  settings.KEY_RATE_LIMIT_PER_MINUTE ?? (settings.LAYER_AUTH_MODE === "enforce" ? 3000 : 0);

export const allowsRawLogin = (settings: Settings): boolean =>
  settings.ALLOW_RAW_AWS_LOGIN ?? settings.ENVIRONMENT === "dev";

/** Problems of an environment that no schema sees: this service proves others' identities with none of its own. */
export const refuse = (env: Environment): readonly string[] =>
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    .filter((name) => env[name])
    .map((name) => `${name}: must not be set; this service needs no AWS credentials`);
