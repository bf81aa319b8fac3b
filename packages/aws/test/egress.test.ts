/** The way out: through a proxy that tunnels, to endpoints under a private CA, by the SDK's own endpoints. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { SettingsError } from "@airlock/config";
import { createAuthority } from "../../identity/test/certificates.ts";
import { PLAIN_FORM, problemOf, readSettings, startRig, until } from "./harness.ts";

const HOST = "aws.example.com";

/** A proxy that leads to the stand-in alone, by TLS under a CA of its own; the names are known to it only. */
async function startProxy(t: TestContext, hosts: readonly string[] = []) {
  const authority = createAuthority();
  const folder = await mkdtemp(join(tmpdir(), "airlock-ca-"));
  t.after(() => rm(folder, { recursive: true }));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, `a line that is no certificate\n${authority.cert}`);
  const sockets = new Set<Socket>();
  const joined = (a: Socket, b: Socket) => {
    a.pipe(b).pipe(a);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  };
  let localPort = 0;
  const tls = createTlsServer(authority.issue([HOST, `*.${HOST}`, ...hosts]), (socket) =>
    joined(socket, connect(localPort, "127.0.0.1")),
  );
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  proxy.on("connect", (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const { port } = tls.address() as AddressInfo;
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    joined(socket, connect(port, "127.0.0.1"));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.closeAllConnections();
    proxy.close();
    tls.close();
  });
  return {
    asked,
    caFile,
    port: (proxy.address() as AddressInfo).port,
    leadTo(port: number) {
      localPort = port;
    },
  };
}

test("through a proxy and under a private CA: STS, SSM and S3, each by its tunnel", async (t) => {
  const proxy = await startProxy(t);
  const env = {
    ...PLAIN_FORM,
    AWS_ENDPOINT_URL: `https://${HOST}`,
    HTTPS_PROXY: `http://user:secret@127.0.0.1:${proxy.port}`,
    AWS_CA_BUNDLE: proxy.caFile,
  };
  const rig = await startRig(t, env, (local) => proxy.leadTo(local.port));
  await until(() => rig.aws.session.isValid());
  assert.ok(await rig.aws.parameters.get("my-parameter"));
  assert.ok(await rig.aws.buckets.list());
  const authorization = `Basic ${Buffer.from("user:secret").toString("base64")}`;
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${HOST}:443 ${authorization}`]);
  assert.ok(!rig.logged.some((line) => line.includes("secret")));
});

test("without the CA nobody is believed, and nothing is sent", async (t) => {
  const proxy = await startProxy(t);
  const env = {
    ...PLAIN_FORM,
    AWS_ENDPOINT_URL: `https://${HOST}`,
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
  };
  const rig = await startRig(t, env, (local) => proxy.leadTo(local.port));
  await until(() => rig.aws.session.report().refresh_failures > 0);
  assert.equal((await problemOf(rig.aws.buckets.list())).code, "credentials_unavailable");
  assert.equal(rig.local.calls.counts().total, 0);
});

test("what NO_PROXY names, and this machine, is called straight", async (t) => {
  const proxy = await startProxy(t);
  const rig = await startRig(t, { ...PLAIN_FORM, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
  await until(() => rig.aws.session.isValid());
  assert.ok(await rig.aws.buckets.list());
  assert.deepEqual(proxy.asked, []);
});

for (const [endpoint, noProxy] of [
  ["http://local-aws:4566", "local-aws"],
  ["http://local-aws:4566", "local-aws:4566"],
  ["http://moto.tools.svc", ".svc"],
  ["https://moto.tools.svc.cluster.local", "*.cluster.local"],
  ["http://10.1.2.3:4566", "other.example.com, 10.1.2.3"],
  ["http://[fd00::5]:4566", "fd00::5"],
  ["https://vpce.internal", "*"],
] as const) {
  test(`${endpoint} behind a proxy is refused at start, unless NO_PROXY is ${noProxy}`, () => {
    const proxy = "http://proxy.example.com:3128";
    const env = { AWS_ENDPOINT_URL_SSM: endpoint, HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
    assert.throws(
      () => readSettings(env),
      (error) =>
        error instanceof SettingsError && /^NO_PROXY: must hold/.test(error.problems[0] ?? ""),
    );
    assert.ok(readSettings({ ...env, NO_PROXY: noProxy }));
  });
}

for (const [name, env, key] of [
  ["a CA bundle that is not there", { AWS_CA_BUNDLE: "/nowhere/ca.pem" }, "AWS_CA_BUNDLE"],
  ["a CA bundle without certificates", { AWS_CA_BUNDLE: import.meta.filename }, "AWS_CA_BUNDLE"],
  ["a proxy that is no URL", { HTTPS_PROXY: "proxy.example.com:3128" }, "HTTPS_PROXY"],
  [
    "FIPS with an endpoint of one's own",
    { AWS_USE_FIPS_ENDPOINT: "true", AWS_ENDPOINT_URL_S3: "https://s3.example.com" },
    "AWS_USE_FIPS_ENDPOINT",
  ],
] as const) {
  test(`${name} is refused at start, and not repeated`, () => {
    assert.throws(
      () => readSettings(env),
      (error) =>
        error instanceof SettingsError &&
        error.problems[0]?.startsWith(`${key}:`) &&
        !error.message.includes("3128"),
    );
  });
}

const REGIONS = ["eu-west-1", "us-east-1", "ca-central-1"] as const;
const bucketIn = (region: string) => `data-${region}`;

for (const [name, env, hostsIn] of [
  [
    "FIPS",
    { AWS_USE_FIPS_ENDPOINT: "true" },
    (region: string) => [
      `${bucketIn(region)}.s3-fips.${region}.amazonaws.com`,
      `s3-fips.${region}.amazonaws.com`,
      `ssm-fips.${region}.amazonaws.com`,
      `sts-fips.${region}.amazonaws.com`,
    ],
  ],
  [
    "dual-stack",
    { AWS_USE_DUALSTACK_ENDPOINT: "on" },
    (region: string) => [
      `${bucketIn(region)}.s3.dualstack.${region}.amazonaws.com`,
      `s3.dualstack.${region}.amazonaws.com`,
      `ssm.${region}.api.aws`,
      `sts.${region}.api.aws`,
    ],
  ],
  [
    "FIPS and dual-stack",
    { AWS_USE_FIPS_ENDPOINT: "on", AWS_USE_DUALSTACK_ENDPOINT: "on" },
    (region: string) => [
      `${bucketIn(region)}.s3-fips.dualstack.${region}.amazonaws.com`,
      `s3-fips.dualstack.${region}.amazonaws.com`,
      `ssm-fips.${region}.api.aws`,
      `sts-fips.${region}.api.aws`,
    ],
  ],
] as const) {
  test(`${name} endpoints are called, of STS and SSM as of buckets in every region, and presigned`, async (t) => {
    const home = hostsIn(REGIONS[0]);
    const buckets = REGIONS.map((region) => hostsIn(region)[0] ?? "");
    const proxy = await startProxy(t, [...home, ...buckets]);
    const settings = {
      ...PLAIN_FORM,
      ...env,
      AWS_ENDPOINT_URL: undefined,
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      AWS_CA_BUNDLE: proxy.caFile,
    };
    const { aws } = await startRig(t, settings, (local) => {
      proxy.leadTo(local.port);
      for (const region of REGIONS) local.buckets.place({ bucket: bucketIn(region), region });
    });
    await until(() => aws.session.isValid());
    await aws.parameters.get("my-parameter");
    await aws.buckets.list(); // which tells the regions
    for (const [i, region] of REGIONS.entries()) {
      const bucket = bucketIn(region);
      // the stand-in takes the name of a bucket from paths alone, and so has none of this one
      await problemOf(aws.objects.open("GET", bucket, "key", {}));
      const { url } = await aws.objects.presign(bucket, "key", {
        method: "GET",
        expiresInSeconds: 60,
      });
      assert.equal(new URL(url).hostname, buckets[i]);
      assert.ok(url.includes(`%2F${region}%2Fs3%2F`), url);
    }
    const called = new Set(proxy.asked);
    assert.deepEqual(
      [...called].sort(),
      [...new Set([...home, ...buckets])].map((host) => `CONNECT ${host}:443`).sort(),
    );
  });
}
