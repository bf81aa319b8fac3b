/** Who asks, and whom they believe: kubeconfigs, a pod's files, programs that are asked, and all of it as it rotates. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startLocalKubernetes } from "@airlock/local-kubernetes";
import { createAuthority } from "../../../packages/identity/test/certificates.ts";
import {
  AccessError,
  createKubeCluster,
  inCluster,
  keepAccess,
  kubeconfig,
  kubeconfigNamespace,
  ownNamespace,
  type ReadAccess,
} from "../src/cluster/index.ts";

const PEM = createAuthority().cert;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-access-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** A kubeconfig of one cluster and one user. */
const config = (cluster: object, user: object = {}): string =>
  JSON.stringify({
    "current-context": "c",
    contexts: [
      { name: "c", context: { cluster: "k", user: "u", namespace: "team" } },
      { name: "other", context: { cluster: "absent" } },
    ],
    clusters: [
      { name: "k", cluster: { server: "https://kube.example.com:6443/prefix/", ...cluster } },
    ],
    users: [{ name: "u", user }],
  });

const readConfig = async (
  t: TestContext,
  cluster: object,
  user?: object,
  files: Readonly<Record<string, string>> = {},
) =>
  kubeconfig(join(await folderOf(t, { config: config(cluster, user), ...files }), "config"))(false);

test("a kubeconfig's data stands in it or in files beside it", async (t) => {
  const inline = await readConfig(
    t,
    { "certificate-authority-data": base64(PEM), "tls-server-name": "inside" },
    { "client-certificate-data": base64(PEM), "client-key-data": base64(PEM), token: "abc" },
  );
  assert.deepEqual(inline, {
    server: "https://kube.example.com:6443/prefix",
    tls: { ca: PEM, servername: "inside", cert: PEM, key: PEM },
    authorization: "Bearer abc",
  });
  const files = await readConfig(
    t,
    { "certificate-authority": "ca.pem" },
    { "client-certificate": "c.pem", "client-key": "k.pem", token: "unused", tokenFile: "token" },
    { "ca.pem": PEM, "c.pem": PEM, "k.pem": PEM, token: "of-file\n" },
  );
  assert.deepEqual(files, {
    server: "https://kube.example.com:6443/prefix",
    tls: { ca: PEM, cert: PEM, key: PEM },
    authorization: "Bearer of-file",
  });
  const open = await readConfig(t, { "insecure-skip-tls-verify": true });
  assert.deepEqual(open.tls, { isUnverified: true });
});

test("YAML, contexts and namespaces are read as kubectl reads them", async (t) => {
  const yaml = `
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: k, user: u}}, {name: b, context: {cluster: k, namespace: jobs}}]
clusters:
  - name: k
    cluster: { server: "http://127.0.0.1:1" }
users:
  - name: u
    user: { token: t }
`;
  const path = join(await folderOf(t, { config: yaml }), "config");
  assert.equal((await kubeconfig(path)(false)).authorization, "Bearer t");
  assert.equal((await kubeconfig(path, { context: "b" })(false)).authorization, undefined);
  assert.equal(await kubeconfigNamespace(path, "b"), "jobs");
  assert.equal(await kubeconfigNamespace(path), undefined);
});

for (const [what, text, words] of [
  ["no YAML", "a: [hunter2", /config is not YAML$/],
  ["no kubeconfig", "hunter2: 1", /config is no kubeconfig: look at contexts, clusters$/],
  ["no server", config({ server: "hunter2" }), /look at clusters\.0\.cluster\.server$/],
  ["a proxy", config({ "proxy-url": "http://hunter2" }), /by proxy-url, which is not supported/],
  ["a password", config({}, { username: "a", password: "hunter2" }), /by username, which is not/],
  ["another's name", config({}, { as: "hunter2" }), /by as, which is not supported/],
  ["an auth-provider", config({}, { "auth-provider": { name: "x" } }), /by auth-provider, which/],
  ["a CA that is none", config({ "certificate-authority-data": "aHVudGVyMg==" }), /is not in PEM$/],
  ["a token of two lines", config({}, { token: "hunter\n2" }), /token holds no token$/],
  [
    "a file that is not there",
    config({}, { tokenFile: "absent" }),
    /absent cannot be read \(ENOENT\)$/,
  ],
  ["half a certificate", config({}, { "client-key-data": base64(PEM) }), /needs its key/],
] as const) {
  test(`a kubeconfig with ${what} is refused in a sentence without its secrets`, async (t) => {
    const path = join(await folderOf(t, { config: text }), "config");
    await assert.rejects(kubeconfig(path)(false), (error: Error) => {
      assert.ok(error instanceof AccessError);
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /hunter2|aHVudGVyMg/);
      return true;
    });
  });
}

test("a program is asked for credentials, again when they end or are refused", async (t) => {
  const script = `#!/bin/sh
echo x >>"$COUNT"
n=$(wc -l <"$COUNT" | tr -d ' ')
[ "$n" -ge 4 ] && end=2001-01-01T00:00:00Z || end=2101-01-01T00:00:00Z
case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 1 ;; esac
echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$1-$OWN-$n\\",\\"expirationTimestamp\\":\\"$end\\"}}"
`;
  const folder = await folderOf(t, { "plug-in": script });
  await chmod(join(folder, "plug-in"), 0o755);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "./plug-in",
    args: ["arg"],
    env: [{ name: "OWN", value: "own" }],
  };
  await writeFile(join(folder, "config"), config({}, { exec }));
  const env = { PATH: "/usr/bin:/bin", COUNT: join(folder, "count") };
  const read = kubeconfig(join(folder, "config"), { env });
  const said: (string | undefined)[] = [];
  for (const isRefused of [false, false, true, false, true, true, false]) {
    said.push((await read(isRefused)).authorization);
  }
  const of = (count: number) => `Bearer arg-own-${count}`;
  // the fourth and later ones have ended when they come
  assert.deepEqual(said, [of(1), of(1), of(2), of(2), of(3), of(4), of(5)]);
});

test("a program that fails is named, and nothing that it wrote", async (t) => {
  const folder = await folderOf(t, {
    "plug-in": "#!/bin/sh\necho hunter2; echo hunter2 >&2; exit 3\n",
  });
  await chmod(join(folder, "plug-in"), 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command: "./plug-in" };
  await writeFile(join(folder, "config"), config({}, { exec }));
  const read = kubeconfig(join(folder, "config"), { env: { PATH: "/usr/bin:/bin" } });
  await assert.rejects(read(false), /^AccessError: the exec plug-in \.\/plug-in failed \(3\)$/);
});

test("in a pod the service account's files say it all", async (t) => {
  const folder = await folderOf(t, { token: "abc", "ca.crt": PEM, namespace: "jobs\n" });
  const read = inCluster({ host: "fd00::1", port: "443", folder });
  assert.deepEqual(await read(false), {
    server: "https://[fd00::1]:443",
    tls: { ca: PEM },
    authorization: "Bearer abc",
  });
  assert.equal(await ownNamespace(folder), "jobs");
  await assert.rejects(inCluster({ host: undefined, port: undefined })(false), /not in a cluster/);
});

test("a token that was renewed is used, before and after the old one is refused", async (t) => {
  const local = await startLocalKubernetes({ hasKubelet: false, tokens: ["first"] });
  t.after(() => local.close());
  const folder = await folderOf(t, { token: "first" });
  const user = { tokenFile: "token" };
  await writeFile(join(folder, "config"), config({ server: local.url }, user));
  const cluster = createKubeCluster({
    access: keepAccess(kubeconfig(join(folder, "config")), { maxAgeMs: 60_000 }),
    namespace: "jobs",
  });
  t.after(() => cluster.close());
  await cluster.list("pods");
  await writeFile(join(folder, "token"), "second");
  local.tokens.believe(["second"]);
  // a change as well: one that is refused for its credentials was not carried out
  await cluster.create("secrets", { metadata: { name: "s" }, stringData: { a: "b" } });
  assert.equal(local.requests.creations("secrets").length, 1);
  local.tokens.believe(["third"]);
  await assert.rejects(cluster.list("pods"), /does not believe the processor's credentials/);
});

test("files that are away for a moment leave the last good access in use, and that is said once", async () => {
  let token: string | undefined = "a";
  let nowMs = 0;
  const troubles: string[] = [];
  const read: ReadAccess = async () => {
    if (token === undefined) throw new AccessError("token cannot be read (ENOENT)");
    return { server: "http://x", tls: {}, authorization: token };
  };
  const keeper = keepAccess(read, {
    maxAgeMs: 10,
    now: () => nowMs,
    onTrouble: ({ message }) => void troubles.push(message),
  });
  assert.equal((await keeper.current()).authorization, "a");
  token = undefined;
  for (nowMs = 10; nowMs < 50; nowMs += 10) {
    assert.equal((await keeper.current()).authorization, "a");
  }
  assert.deepEqual(troubles, ["token cannot be read (ENOENT)"]);
  token = "b";
  assert.equal((await keeper.current()).authorization, "b");
});

test("the server's certificate and its CA rotate under way", async (t) => {
  const [old, next] = [createAuthority("old"), createAuthority("next")];
  const server = createServer(old.issue(["127.0.0.1"]), (_request, response) =>
    response.end('{"gitVersion":"v1.34.1"}'),
  );
  server.listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const folder = await folderOf(t, { token: "t", "ca.crt": old.cert });
  const { port } = server.address() as AddressInfo;
  const read = inCluster({ host: "127.0.0.1", port: String(port), folder });
  const cluster = createKubeCluster({
    access: keepAccess(read, { maxAgeMs: 60_000 }),
    namespace: "jobs",
  });
  t.after(() => cluster.close());
  assert.equal(await cluster.version(), "v1.34.1");

  server.setSecureContext(next.issue(["127.0.0.1"]));
  server.closeAllConnections();
  await assert.rejects(cluster.version(), /cannot be reached \(/);
  // as the kubelet does it: in one step
  await writeFile(join(folder, "new"), next.cert);
  await rename(join(folder, "new"), join(folder, "ca.crt"));
  assert.equal(await cluster.version(), "v1.34.1");
});

test("a server with another's certificate is not believed", async (t) => {
  const authority = createAuthority();
  const server = createServer(authority.issue(["kube.example.com"]), (_request, response) =>
    response.end('{"gitVersion":"v1"}'),
  );
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const versionBy = async (tls: object) => {
    const access = { server: `https://127.0.0.1:${port}`, tls, authorization: "Bearer hunter2" };
    const cluster = createKubeCluster({
      access: keepAccess(async () => access),
      namespace: "jobs",
    });
    try {
      return await cluster.version();
    } finally {
      await cluster.close();
    }
  };
  await assert.rejects(
    versionBy({ ca: authority.cert }),
    /cannot be reached \(ERR_TLS_CERT_ALTNAME/,
  );
  await assert.rejects(versionBy({}), /cannot be reached \(/);
  assert.equal(await versionBy({ ca: authority.cert, servername: "kube.example.com" }), "v1");
  assert.equal(await versionBy({ isUnverified: true }), "v1");
});
