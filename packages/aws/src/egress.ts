/** The way out to AWS: through a proxy or straight, with which certificates, and to which kind of endpoint. */
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { getCACertificates } from "node:tls";
import { onOff, type Rule } from "@airlock/config";
import * as z from "zod";

const proxyUrl = () =>
  z.string().refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), {
    error: "must be the http or https URL of a proxy",
  });

export const egressSettings = {
  HTTPS_PROXY: proxyUrl()
    .optional()
    .describe(
      "Proxy for calls to AWS by https. In capitals alone; requests to services of ours never take it.",
    ),
  HTTP_PROXY: proxyUrl()
    .optional()
    .describe("The same for endpoints by http, such as those of an emulator."),
  NO_PROXY: z
    .string()
    .optional()
    .describe(
      "Hosts that are called without a proxy, by comma: names, .suffixes, addresses; * for all.",
    ),
  AWS_CA_BUNDLE: z
    .string()
    .refine((file) => certificatesIn(file).length > 0, {
      error: "must be a file of PEM certificates that can be read",
    })
    .optional()
    .describe(
      "Certificates that are trusted beside the public ones, such as those of a proxy; read at start.",
    ),
  AWS_USE_DUALSTACK_ENDPOINT: onOff()
    .optional()
    .describe(
      "Call the endpoints that have IPv6 addresses too, as clusters without IPv4 need: on or off.",
    ),
  AWS_USE_FIPS_ENDPOINT: onOff()
    .optional()
    .describe("Call the endpoints with validated cryptography (FIPS 140): on or off."),
};

const schema = z.object(egressSettings);
export type EgressSettings = Readonly<z.infer<typeof schema>>;
type Fields = Partial<z.infer<typeof schema>> & Partial<Record<EndpointKey, string | undefined>>;

const ENDPOINT_KEYS = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_SSM",
  "AWS_ENDPOINT_URL_STS",
] as const;
type EndpointKey = (typeof ENDPOINT_KEYS)[number];

export const EGRESS_RULES: readonly Rule<Fields>[] = [
  {
    key: "NO_PROXY",
    message:
      "must hold the hosts of AWS_ENDPOINT_URL that are local, such as names of the cluster and private addresses: no proxy can reach them",
    isBroken: (s) => endpointsOf(s).some((url) => isLocal(url.hostname) && isProxied(url, s)),
  },
  ...(["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] as const).map((key) => ({
    key,
    message: "cannot be on with an AWS_ENDPOINT_URL, which names the endpoint already",
    isBroken: (s: Fields) => s[key] === true && endpointsOf(s).length > 0,
  })),
];

const endpointsOf = (settings: Fields): URL[] =>
  ENDPOINT_KEYS.flatMap((key) => {
    const text = settings[key];
    return text !== undefined && URL.canParse(text) ? [new URL(text)] : [];
  });

/** No proxy leads to this machine. */
const LOOPBACK = "localhost,127.0.0.1,::1";

/** Options of the agents that make the connections. */
export function agentOptions(settings: EgressSettings): object {
  const { HTTPS_PROXY, HTTP_PROXY, AWS_CA_BUNDLE } = settings;
  const proxyEnv = { HTTPS_PROXY, HTTP_PROXY, NO_PROXY: unproxied(settings).join() };
  return {
    ...((HTTPS_PROXY || HTTP_PROXY) && { proxyEnv }),
    ...(AWS_CA_BUNDLE && {
      ca: [...getCACertificates("default"), ...certificatesIn(AWS_CA_BUNDLE)],
    }),
  };
}

function certificatesIn(file: string): string[] {
  try {
    const pem = readFileSync(file, "utf8");
    return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  } catch {
    return []; // the rule says so
  }
}

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const) {
  PRIVATE.addSubnet(network, prefix);
}
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

function isLocal(hostname: string): boolean {
  const host = bare(hostname);
  const family = isIP(host);
  if (family !== 0) return PRIVATE.check(host, family === 4 ? "ipv4" : "ipv6");
  return !host.includes(".") || /\.(localhost|local|svc|internal)$/.test(host);
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "").toLowerCase();

const unproxied = ({ NO_PROXY = "" }: { readonly NO_PROXY?: string | undefined }): string[] =>
  `${NO_PROXY},${LOOPBACK}`
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);

/** As Node's agents decide it. */
function isProxied({ protocol, hostname, port }: URL, settings: Fields): boolean {
  const isTls = protocol === "https:";
  if (!(isTls ? settings.HTTPS_PROXY : settings.HTTP_PROXY)) return false;
  const host = bare(hostname);
  const withPort = `${host}:${port || (isTls ? 443 : 80)}`;
  return !unproxied(settings).some((entry) => {
    if (entry === "*" || entry === host || entry === withPort) return true;
    const suffix = entry.replace(/^\*(?=\.)/, "");
    return suffix.startsWith(".") && (host.endsWith(suffix) || withPort.endsWith(suffix));
  });
}
