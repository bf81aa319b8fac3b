/** The access of a pod: its service account's token and the cluster's CA, as the kubelet keeps them in files. */
import { isIPv6 } from "node:net";
import { AccessError, type ReadAccess } from "./access.ts";
import { bearer, pem, readAccessFile } from "./access-files.ts";

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which every pod has. */
  readonly host: string | undefined;
  readonly port: string | undefined;
  /** Where the kubelet keeps token, ca.crt and namespace. */
  readonly folder?: string;
}

export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export function inCluster(options: InClusterOptions): ReadAccess {
  const { host, port = "443", folder = SERVICE_ACCOUNT_FOLDER } = options;
  return async () => {
    if (!host) throw new AccessError("not in a cluster: KUBERNETES_SERVICE_HOST is not set");
    const [token, ca] = await Promise.all([
      readAccessFile(`${folder}/token`),
      readAccessFile(`${folder}/ca.crt`),
    ]);
    return {
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      tls: { ca: pem(ca, `${folder}/ca.crt`) },
      authorization: bearer(token, `${folder}/token`),
    };
  };
}

/** The pod's own namespace. @throws AccessError */
export async function ownNamespace(folder = SERVICE_ACCOUNT_FOLDER): Promise<string> {
  return (await readAccessFile(`${folder}/namespace`)).trim();
}
