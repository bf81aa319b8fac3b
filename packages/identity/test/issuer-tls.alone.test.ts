/** An issuer whose certificate is signed by a CA of its own, as the one of every cluster is. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createAuthority } from "./certificates.ts";
import { outcome, reasonIn, rig, until } from "./harness.ts";

const NAMES = ["localhost", "127.0.0.1"];

async function tlsRig(t: TestContext, names = NAMES, days?: number) {
  const authority = createAuthority();
  const folder = await mkdtemp(join(tmpdir(), "airlock-ca-"));
  t.after(() => rm(folder, { recursive: true }));
  const caFile = join(folder, "ca.crt");
  await writeFile(caFile, authority.cert);
  const stage = await rig(t, { tls: authority.issue(names, days) });
  const { issuer, verifier } = stage;
  const tokenFile = issuer.readerTokenFile;
  const read = (jwks: object = { caFile }) => verifier({ jwks: { tokenFile, ...jwks } });
  /** As the kubelet does it: in one step. */
  const writeCa = async (pem: string) => {
    await writeFile(`${caFile}.new`, pem);
    await rename(`${caFile}.new`, caFile);
  };
  return { ...stage, authority, caFile, folder, read, writeCa };
}

for (const way of ["address", "discovery"] as const) {
  test(`its keys are read by ${way} with its CA in a file`, async (t) => {
    const { issuer, caFile, read } = await tlsRig(t);
    const v = read({ caFile, ...(way === "address" && { url: issuer.jwksUrl }) });
    assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  });
}

test("without its CA the log says which setting is missing", async (t) => {
  const { issuer, log, read } = await tlsRig(t);
  read({});
  assert.equal(
    await reasonIn(log),
    `${issuer.issuer}/.well-known/openid-configuration did not answer (UNABLE_TO_VERIFY_LEAF_SIGNATURE): its certificate is signed by a CA that is not known here; set LAYER_AUTH_JWKS_CA_FILE to the issuer's CA`,
  );
});

test("a CA of the same name that did not sign is told, with the file", async (t) => {
  const { log, caFile, read, writeCa } = await tlsRig(t);
  await writeCa(createAuthority().cert);
  read();
  assert.match(
    await reasonIn(log),
    new RegExp(`not signed by a CA in ${caFile}; put the issuer's`),
  );
});

test("a new CA holds from the next reading on, beside the old one before the issuer changes", async (t) => {
  const { issuer, clock, authority, log, read, writeCa } = await tlsRig(t);
  const v = read();
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  const next = createAuthority("next CA");
  await writeCa(authority.cert + next.cert);
  issuer.renewCertificate(next.issue(NAMES));
  clock.passSeconds(601);
  await v.verify(await issuer.mint());
  await until("read with the new CA", 5000, () => v.keysAgeSeconds() === 0);
  await writeCa(authority.cert); // a CA that was taken out is trusted no more
  clock.passSeconds(601);
  await v.verify(await issuer.mint());
  assert.match(await reasonIn(log), /not signed by a CA in/);
  assert.equal(outcome(await v.verify(await issuer.mint())), "ok", "the last good keys serve");
});

for (const [what, text, reason] of [
  ["gone", undefined, /ca\.crt cannot be read \(ENOENT\); put the issuer's CA there/],
  ["empty", "", /ca\.crt does not hold certificates in PEM; put the issuer's CA there/],
  [
    "no certificate",
    "-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n",
    /ca\.crt does not hold certificates in PEM/,
  ],
] as const) {
  test(`a CA file that is ${what} is told, and taken as soon as it is there`, async (t) => {
    const { issuer, authority, log, caFile, read, writeCa } = await tlsRig(t);
    if (text === undefined) await rm(caFile);
    else await writeCa(text);
    const v = read();
    assert.match(await reasonIn(log), reason);
    assert.ok(!log.lines.join().includes("CANARY"));
    await writeCa(authority.cert);
    await until("ready", 5000, v.isReady);
    assert.equal(outcome(await v.verify(await issuer.mint())), "ok");
  });
}

test("a certificate for other names is told", async (t) => {
  const { log, read } = await tlsRig(t, ["kubernetes.default.svc"]);
  read();
  assert.match(await reasonIn(log), /ALTNAME_INVALID\): its certificate is not for localhost; use/);
});

test("a certificate that has expired is told", async (t) => {
  const { log, read } = await tlsRig(t, NAMES, 0.5);
  read();
  assert.match(await reasonIn(log), /\(CERT_HAS_EXPIRED\): its certificate has expired; have it/);
});

test("a server without TLS is told from one that is away", async (t) => {
  const { issuer, log, verifier } = await rig(t);
  verifier({ jwks: { url: issuer.jwksUrl.replace("http:", "https:") } });
  assert.match(await reasonIn(log), /does not speak TLS as it is spoken here; is that port the/);
});

test("a server that never finishes the handshake is given up, and asked again", async (t) => {
  const { log, caFile, verifier } = await tlsRig(t);
  let connections = 0;
  const server = createServer(() => connections++).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const v = verifier({ jwks: { url: `https://localhost:${port}/keys`, caFile } });
  const reason = await reasonIn(log);
  assert.match(reason, /did not answer \(TimeoutError\): allow the way to localhost:\d+, in/);
  await until("a second try", 5000, () => connections > 1);
  v.close();
});

test("without a CA file the CAs that Node knows are trusted, and with one they are not", async (t) => {
  const { issuer, caFile, folder } = await tlsRig(t);
  const otherFile = join(folder, "other.crt");
  await writeFile(otherFile, createAuthority().cert);
  const main = fileURLToPath(new URL("read-keys.ts", import.meta.url));
  const readIn = async (env: Record<string, string>) => {
    const said = await promisify(execFile)(
      process.execPath,
      ["--conditions=airlock-source", main],
      {
        env: {
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          NODE_EXTRA_CA_CERTS: caFile, // stands for a CA of the public
          LAYER_AUTH_ISSUER: issuer.issuer,
          LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
          ...env,
        },
      },
    );
    return said.stdout.trim();
  };
  assert.deepEqual(
    await Promise.all([readIn({}), readIn({ LAYER_AUTH_JWKS_CA_FILE: otherFile })]),
    ["ready", "not ready"],
  );
});
