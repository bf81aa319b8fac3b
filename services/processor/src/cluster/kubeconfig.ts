/** The access that a kubeconfig file describes. The file and all that it names are read again each time. */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { AccessError, type ReadAccess, type Tls } from "./access.ts";
import { bearer, pem, readAccessFile } from "./access-files.ts";
import { createExecPlugin, type ExecPlugin, execConfig } from "./exec-plugin.ts";

const text = z.string().min(1).optional();

const cluster = z.object({
  server: z.url({ protocol: /^https?$/ }),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
  "proxy-url": text,
});

const user = z.object({
  token: text,
  tokenFile: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  username: text,
  as: text,
  exec: execConfig.nullish(),
  "auth-provider": z.unknown().optional(),
});

const config = z.object({
  "current-context": text,
  contexts: z.array(
    z.object({
      name: z.string(),
      context: z.object({ cluster: z.string(), user: text, namespace: text }),
    }),
  ),
  clusters: z.array(z.object({ name: z.string(), cluster })),
  users: z.array(z.object({ name: z.string(), user: user.nullish() })).nullish(),
});

type Cluster = z.output<typeof cluster>;
type User = z.output<typeof user>;

export interface KubeconfigOptions {
  /** Unset, the file's current context. */
  readonly context?: string | undefined;
  /** The environment that exec plug-ins are run with. */
  readonly env?: NodeJS.ProcessEnv;
}

export function kubeconfig(path: string, options: KubeconfigOptions = {}): ReadAccess {
  let plugin: { readonly config: string; readonly plugin: ExecPlugin } | undefined;
  return async (isRefused) => {
    const { cluster, user, nearby } = await readChosen(path, options.context);
    const [tls, own] = await Promise.all([serverTls(cluster, nearby), clientTls(user, nearby)]);
    const server = cluster.server.replace(/\/+$/, "");
    if (user.exec) {
      const config = JSON.stringify(user.exec);
      if (plugin?.config !== config) {
        plugin = { config, plugin: createExecPlugin(user.exec, nearby, options.env ?? {}) };
      }
      const { authorization, cert, key } = await plugin.plugin(isRefused);
      return { server, tls: { ...tls, ...own, ...(cert && key && { cert, key }) }, authorization };
    }
    return { server, tls: { ...tls, ...own }, authorization: await tokenOf(user, nearby) };
  };
}

/** The namespace that the file's context names. @throws AccessError */
export async function kubeconfigNamespace(
  path: string,
  context?: string,
): Promise<string | undefined> {
  return (await readChosen(path, context)).namespace;
}

async function readChosen(path: string, wanted: string | undefined) {
  const whole = readConfig(path, await readAccessFile(path));
  const name = wanted ?? whole["current-context"];
  const { context } = named(path, "context", name, whole.contexts);
  const { cluster } = named(path, "cluster", context.cluster, whole.clusters);
  const user =
    context.user === undefined ? {} : named(path, "user", context.user, whole.users ?? []).user;
  refuseUnsupported(path, cluster, user ?? {});
  // paths in a kubeconfig are relative to it
  const nearby = (file: string) => resolve(dirname(path), file);
  return { cluster, user: user ?? ({} as User), namespace: context.namespace, nearby };
}

function readConfig(path: string, yaml: string): z.output<typeof config> {
  let raw: unknown;
  try {
    raw = parse(yaml);
  } catch {
    // the parser's words quote the lines around
    throw new AccessError(`${path} is not YAML`);
  }
  const parsed = config.safeParse(raw);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join(".") || "the whole").join(", ");
  throw new AccessError(`${path} is no kubeconfig: look at ${where}`);
}

function named<T extends { name: string }>(
  path: string,
  what: string,
  name: string | undefined,
  all: readonly T[],
): T {
  if (name === undefined) throw new AccessError(`${path} has no current-context`);
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new AccessError(`${path} has no ${what} named ${name}`);
  return found;
}

function refuseUnsupported(path: string, cluster: Cluster, user: Partial<User>): void {
  const member =
    (cluster["proxy-url"] && "proxy-url") ||
    (user.username && "username") ||
    (user.as && "as") ||
    (user["auth-provider"] && "auth-provider");
  if (!member) return;
  throw new AccessError(
    `${path} says who asks by ${member}, which is not supported: use a token, tokenFile, client certificate or exec`,
  );
}

type Nearby = (file: string) => string;

async function serverTls(cluster: Cluster, nearby: Nearby): Promise<Tls> {
  const ca = await inlineOrFile(
    "certificate-authority",
    cluster["certificate-authority-data"],
    cluster["certificate-authority"],
    nearby,
  );
  return {
    ...(ca !== undefined && { ca }),
    ...(cluster["tls-server-name"] && { servername: cluster["tls-server-name"] }),
    ...(cluster["insecure-skip-tls-verify"] && { isUnverified: true }),
  };
}

async function clientTls(user: User, nearby: Nearby): Promise<Tls> {
  const [cert, key] = await Promise.all([
    inlineOrFile(
      "client-certificate",
      user["client-certificate-data"],
      user["client-certificate"],
      nearby,
    ),
    inlineOrFile("client-key", user["client-key-data"], user["client-key"], nearby),
  ]);
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    throw new AccessError("a client certificate needs its key, and the key its certificate");
  }
  return { cert, key };
}

/** Inline data wins, as with kubectl. */
async function inlineOrFile(
  member: string,
  data: string | undefined,
  file: string | undefined,
  nearby: Nearby,
): Promise<string | undefined> {
  if (data !== undefined) {
    return pem(Buffer.from(data, "base64").toString(), `${member}-data`);
  }
  return file === undefined ? undefined : pem(await readAccessFile(nearby(file)), file);
}

/** A token file wins, as with kubectl: it is the one that rotates. */
async function tokenOf(user: User, nearby: Nearby): Promise<string | undefined> {
  if (user.tokenFile !== undefined) {
    return bearer(await readAccessFile(nearby(user.tokenFile)), user.tokenFile);
  }
  return user.token === undefined ? undefined : bearer(user.token, "token");
}
