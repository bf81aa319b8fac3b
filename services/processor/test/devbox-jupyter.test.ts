/** The tools of a box start and end the image's Jupyter by its switch, whatever time that was installed at. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const START = new URL("../../../devbox/start.sh", import.meta.url);
/** Says what it was given, and what it was ended by. */
const JUPYTER = `#!/bin/sh
echo "begins: $* $JUPYTER_TOKEN"
trap 'echo ends; exit 0' TERM
sleep 600 & while kill -0 $!; do wait $!; done
`;
/** As the tools' own, in less time. */
const BUSYBOX = `#!/bin/sh
[ "$1" != sleep ] || exec sleep 0.05
exec "$@"
`;

test("Jupyter runs while its switch is there, with its token, and all that it has started ends with it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-devbox-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const at = (name: string) => join(folder, name);
  for (const name of ["bin", "files", "state", ".local/bin"]) {
    await mkdir(at(name), { recursive: true });
  }
  await writeFile(at("bin/busybox"), BUSYBOX, { mode: 0o755 });
  await writeFile(at("jupyter"), JUPYTER, { mode: 0o755 });
  const [follow = ""] =
    /^follow_jupyter\(\) \{$.*?^\}$/ms.exec(await readFile(START, "utf8")) ?? [];
  const script = [
    `tools=${folder} state=${at("state")}`,
    `busybox() { $tools/bin/busybox "$@"; }`,
    follow.replaceAll("/etc/airlock", at("files")),
    "follow_jupyter",
  ].join("\n");
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: folder };
  const box = spawn("/bin/sh", ["-c", script], { env, stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => box.kill("SIGKILL"));
  let words = "";
  box.stderr.on("data", (data) => {
    words += data;
  });
  const log = () => readFile(at("state/jupyter.log"), "utf8").catch(() => "");
  const until = async (isSo: () => Promise<boolean> | boolean) => {
    for (const end = performance.now() + 20_000; !(await isSo()); ) {
      assert.ok(performance.now() < end, `${words}${await log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const turn = (token: string) => writeFile(at("files/jupyter_token"), token);
  const began = (token: string) =>
    `begins: lab --no-browser --ip=0.0.0.0 --port=8888 --allow-root ${token}\n`;

  await turn("first");
  await until(() => words !== "");
  assert.match(words, /^airlock: Jupyter is to run, and the image has none: it starts after .*\n$/);
  await rename(at("jupyter"), at(".local/bin/jupyter"));
  await until(async () => (await log()) === began("first"));
  // each start has a log of its own
  await turn("second");
  await until(async () => (await log()) === began("second"));
  await rm(at("files/jupyter_token"));
  await until(async () => (await log()).endsWith("ends\n"));
  assert.equal(words.split("\n").length, 2, words);
});
