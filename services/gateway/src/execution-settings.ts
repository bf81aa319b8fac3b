/** The settings of the execution API: aux behind API Gateway, asked with signed calls. */
import { type EnvironmentName, httpUrl, type Rule } from "@airlock/config";
import { isExposedUrl, listOf, STS_REGIONS } from "@airlock/identity";
import * as z from "zod";

/** What may go by the execution API, by the class of a request. */
export const EXECUTION_CLASSES = ["value", "list", "stream", "wait"] as const;

const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d$/;
const region = () => z.string().regex(REGION, { error: "must be an AWS region such as eu-west-1" });

export const executionSettings = {
  EXECUTION_API_URL: httpUrl()
    .optional()
    .describe(
      "With LAYER_AUTH=sigv4: the invoke URL of the API in front of aux, with its stage; https, or http on loopback in dev.",
    ),
  EXECUTION_API_REGION: region()
    .optional()
    .describe(
      "The region that is signed for. Unset means that of EXECUTION_API_URL, or AWS_REGION.",
    ),
  AWS_REGION_NAME: region().optional().describe("Another name for EXECUTION_API_REGION."),
  EXECUTION_ROUTES: listOf(
    new RegExp(`^(?:${EXECUTION_CLASSES.join("|")})$`),
    `must be classes by comma, of ${EXECUTION_CLASSES.join(", ")}`,
  )
    .optional()
    .describe(
      "With LAYER_AUTH=sigv4: which requests go by the execution API (value, list, stream, wait); the others go to AUX_SERVICE_URL. Unset means all.",
    ),
  AWS_ENDPOINT_URL_STS: httpUrl()
    .optional()
    .describe(
      "With LAYER_AUTH=sigv4 and IRSA: another address for STS; https, or http on loopback in dev.",
    ),
} as const;

const schema = z.object(executionSettings);
type ExecutionSettings = Readonly<z.infer<typeof schema>>;

interface Others {
  readonly ENVIRONMENT?: EnvironmentName;
  readonly LAYER_AUTH?: string | undefined;
  readonly AUX_SERVICE_URL?: string | undefined;
  readonly AWS_REGION?: string;
  readonly AWS_ROLE_ARN?: string | undefined;
}
type Fields = Partial<ExecutionSettings> & Others;

/** Also by an interface endpoint, and in any partition: whatever domain that has behind the region. */
const HOST = /\.execute-api(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d)\./;

const isSigned = (s: Fields) => s.LAYER_AUTH === "sigv4";
const regionOfHost = (url: string): string | undefined => HOST.exec(new URL(url).hostname)?.[1];
const urlIs = (s: Fields, test: (url: string) => boolean): boolean =>
  isSigned(s) && isUrl(s.EXECUTION_API_URL) && test(s.EXECUTION_API_URL);
/** Another one is refused as it stands: rules see the values that are wrong as well. */
const isUrl = (text: string | undefined): text is string => httpUrl().safeParse(text).success;
/** To where nothing could be seen or changed on the way. */
const isSafe = (s: Fields, url: string): boolean =>
  !/^http:/i.test(url) || (s.ENVIRONMENT === "dev" && !isExposedUrl(url));

export const EXECUTION_RULES: readonly Rule<Fields>[] = [
  {
    key: "EXECUTION_API_URL",
    message: "is needed with LAYER_AUTH=sigv4",
    isBroken: (s) => isSigned(s) && s.EXECUTION_API_URL === undefined,
  },
  {
    key: "EXECUTION_API_URL",
    message: "must end with the API's stage, without /execute: the paths of aux follow it",
    isBroken: (s) => urlIs(s, (url) => /\/execute$/i.test(pathOf(url))),
  },
  {
    key: "EXECUTION_API_URL",
    message: "must have nothing in its path but letters, digits and -_.~ between single slashes",
    isBroken: (s) => urlIs(s, (url) => !PATH.test(pathOf(url))),
  },
  {
    key: "EXECUTION_API_URL",
    message: "must be https; http is for loopback in dev alone",
    isBroken: (s) => urlIs(s, (url) => !isSafe(s, url)),
  },
  {
    key: "EXECUTION_API_URL",
    message: "is in another region than the one that is signed for (EXECUTION_API_REGION)",
    isBroken: (s) =>
      urlIs(s, (url) => {
        const signedFor = s.EXECUTION_API_REGION ?? s.AWS_REGION_NAME ?? "";
        const there = regionOfHost(url);
        return there !== undefined && REGION.test(signedFor) && there !== signedFor;
      }),
  },
  {
    key: "AWS_REGION_NAME",
    message: "is another name for EXECUTION_API_REGION, which says something else; unset one",
    isBroken: ({ AWS_REGION_NAME: name, EXECUTION_API_REGION: own }) =>
      name !== undefined && own !== undefined && name !== own,
  },
  {
    key: "EXECUTION_ROUTES",
    message: "must have all classes without AUX_SERVICE_URL, for there is no other route",
    isBroken: (s) =>
      isSigned(s) &&
      s.AUX_SERVICE_URL === undefined &&
      EXECUTION_CLASSES.some((name) => s.EXECUTION_ROUTES?.includes(name) === false),
  },
  {
    key: "AWS_ENDPOINT_URL_STS",
    message: "must be https; http is for loopback in dev alone",
    isBroken: (s) =>
      isSigned(s) && s.AWS_ENDPOINT_URL_STS !== undefined && !isSafe(s, s.AWS_ENDPOINT_URL_STS),
  },
  {
    key: "AWS_REGION",
    message: "is no region whose STS is known; name it in AWS_ENDPOINT_URL_STS",
    isBroken: (s) =>
      isSigned(s) &&
      s.AWS_ROLE_ARN !== undefined &&
      s.AWS_ENDPOINT_URL_STS === undefined &&
      REGION.test(s.AWS_REGION ?? "") &&
      !STS_REGIONS.has(s.AWS_REGION ?? ""),
  },
];

/** As it was written: the URL parser takes dots, backslashes and an empty query for something else. */
const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/?\\]*/i, "");
const PATH = /^(?:\/(?!\.\.?(?:\/|$))[\w.~-]+)*$/;

/** What is signed for, and how the API is called; undefined without LAYER_AUTH=sigv4. */
export function executionApi(
  settings: Fields,
): { readonly url: string; readonly host: string; readonly region: string } | undefined {
  const { EXECUTION_API_URL: url, EXECUTION_API_REGION: own, AWS_REGION_NAME: name } = settings;
  if (!isSigned(settings) || url === undefined) return undefined;
  const region = own ?? name ?? regionOfHost(url) ?? settings.AWS_REGION ?? "eu-west-1";
  return { url, host: new URL(url).host, region };
}
