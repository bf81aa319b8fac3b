/** `config ssh`, the key of this machine, and names for completion. */
import assert from "node:assert/strict";
import { lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Exchange, type Transport, UnreachableError } from "../src/api/transport.ts";
import { sshKeyFiles } from "../src/ssh/ed25519.ts";
import { publicHalfOf } from "../src/ssh/public-half.ts";
import {
  GPU_TYPE,
  gpuDev,
  JOB,
  type Played,
  playing,
  quickClock,
  temporaryHome,
} from "./harness.ts";

const KEY = { GPU_DEV_API_KEY: "given-given-given-given" };

test("config ssh puts one Include on top of what is there, and takes it back", async (t) => {
  const home = await temporaryHome(t);
  const own = "Host github.com\n  User git\n";
  await mkdir(join(home, ".ssh"));
  await mkdir(join(home, "dotfiles"));
  // as people have it who keep such files together
  const real = join(home, "dotfiles/ssh-config");
  await writeFile(real, own, { mode: 0o644 });
  await symlink(real, join(home, ".ssh/config"));
  for (let time = 0; time < 2; time++) {
    const { code, err } = await gpuDev(["config", "ssh"], { home });
    assert.equal(code, 0, err);
    const text = await readFile(real, "utf8");
    assert.equal(
      text,
      `# gpu-dev: begin\nInclude ${home}/.gpu-dev/ssh_config\n# gpu-dev: end\n\n${own}`,
    );
  }
  assert.ok((await lstat(join(home, ".ssh/config"))).isSymbolicLink());
  assert.equal((await stat(real)).mode & 0o777, 0o644);
  const written = await readFile(join(home, ".gpu-dev/ssh_config"), "utf8");
  assert.match(written, /^Host gpu-dev-\*$/m);
  assert.match(written, /ProxyCommand \/usr\/bin\/node \/usr\/lib\/gpu-dev\.cjs proxy %n$/m);
  assert.match(
    written,
    /KnownHostsCommand \/usr\/bin\/node \/usr\/lib\/gpu-dev\.cjs known-hosts %n %H$/m,
  );
  assert.match(written, /StrictHostKeyChecking yes/);
  assert.ok((await stat(join(home, ".gpu-dev/id_ed25519"))).isFile());
  const removed = await gpuDev(["config", "ssh", "--remove"], { home });
  assert.equal(removed.code, 0);
  assert.equal(await readFile(real, "utf8"), own);
});

// made by this program of a seed of zeros, and read by OpenSSH: `ssh-keygen -y` gives the public half
const ZEROS_PUBLIC =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop zeros";

test("a key is in OpenSSH's form, whatever its comment's length", () => {
  const publicBytes = Buffer.from(
    "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
    "hex",
  );
  for (const comment of ["zeros", "", "a", "alice@laptop", "x".repeat(63)]) {
    const made = sshKeyFiles(Buffer.alloc(32), publicBytes, comment, Buffer.from("0123"));
    if (comment === "zeros") assert.equal(made.publicKey, ZEROS_PUBLIC);
    assert.equal(publicHalfOf(made.privateKey), made.publicKey.split(" ").slice(0, 2).join(" "));
    const body = Buffer.from(made.privateKey.split("\n").slice(1, -2).join(""), "base64");
    // the secret part is whole blocks of 8 and ends with 1, 2, 3 …
    const secret = body.subarray(body.lastIndexOf(Buffer.from("01230123")));
    assert.equal(secret.length % 8, 0);
  }
  for (const none of ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]) {
    assert.equal(publicHalfOf(none), undefined);
  }
});

test("a public half that is missing is made of the private one", async (t) => {
  const home = await temporaryHome(t);
  await gpuDev(["config", "ssh"], { home });
  const path = join(home, ".gpu-dev/id_ed25519.pub");
  const before = (await readFile(path, "utf8")).split(" ").slice(0, 2).join(" ");
  const { rm } = await import("node:fs/promises");
  await rm(path);
  await gpuDev(["config", "ssh"], { home });
  assert.equal((await readFile(path, "utf8")).trim(), before);
});

const service: Played = ({ path }) => {
  if (path.startsWith("/v1/jobs")) return { body: { jobs: [JOB], next_cursor: null } };
  if (path === "/v1/disks") return { body: { disks: [{ disk_name: "data" }], total: 1 } };
  if (path === "/v1/disks?deleted=true") {
    // as a service that does not know the word lists it too
    const disks = [{ disk_name: "old", is_deleted: true }, { disk_name: "data" }];
    return { body: { disks, total: 2 } };
  }
  if (path === "/v1/keys") return { body: { keys: [{ key_prefix: "gpud_kkkkkkkk" }], total: 1 } };
  return { body: { availability: { h100: GPU_TYPE } } };
};

const COMPLETIONS: readonly (readonly [words: string, found: readonly string[]])[] = [
  ["res", ["reserve"]],
  [
    "disk ",
    [
      "clone",
      "content",
      "create",
      "delete",
      "list",
      "rename",
      "resize",
      "restore",
      "show",
      "snapshot",
      "snapshots",
    ],
  ],
  ["disk re", ["rename", "resize", "restore"]],
  ["show ", ["3f2a91bc"]],
  ["show 9", []],
  ["logs -f ", ["3f2a91bc"]],
  ["reserve --type ", ["h100"]],
  ["reserve -t ", ["h100"]],
  ["reserve --name ", []],
  ["reserve --gp", ["--gpus"]],
  ["disk delete ", ["data"]],
  ["disk restore ", ["old"]],
  ["disk rm ", ["data"]],
  ["disks --d", ["--deleted"]],
  ["ssh ", ["3f2a91bc"]],
  ["ls --ty", ["--type"]],
  ["keys revoke ", ["gpud_kkkkkkkk"]],
  ["config set git", ["github_user"]],
  ["completion ", []],
];

test("completion knows commands, flags and names, and asks at most every 30 s", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const transport = playing(service, asked);
  const all = { home, env: KEY, transport, clock: quickClock() };
  for (const [words, found] of COMPLETIONS) {
    const { code, out, err } = await gpuDev(["__complete", "--", ...words.split(" ")], all);
    assert.equal(code, 0);
    assert.deepEqual(out.split("\n").filter(Boolean), found, `${words}: ${err}`);
  }
  assert.equal(asked.length, 5, "each list once");
  for (const { method, timeoutMs } of asked) assert.deepEqual([method, timeoutMs], ["GET", 1000]);
});

test("completion logs nobody in, waits for nobody and says nothing", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const none = await gpuDev(["__complete", "--", "show", ""], {
    home,
    transport: playing(service, asked),
    clock: quickClock(),
  });
  assert.deepEqual([none.code, none.out, none.err, asked.length], [0, "", "", 0]);
  const clock = quickClock();
  const complete = (transport: Transport) =>
    gpuDev(["__complete", "--", "show", ""], { home, env: KEY, transport, clock });
  const isAway = async () => {
    throw new UnreachableError("It does not answer.");
  };
  const slow = await complete(isAway);
  assert.deepEqual([slow.code, slow.out, slow.err], [0, "", ""]);
  assert.equal((await complete(playing(service))).out, "3f2a91bc\n");
  await clock.sleep(60_000);
  assert.equal((await complete(isAway)).out, "3f2a91bc\n", "what was there before it went away");
  for (const shell of ["bash", "zsh"]) {
    const { out } = await gpuDev(["completion", shell], { home });
    assert.match(out, /gpu-dev __complete/);
  }
  assert.equal((await gpuDev(["completion", "tcsh"], { home })).code, 2);
});
