/** Through a proxy as without it: the README's commands, odd names, large heads and bodies, and a path of its own. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { blocksOf } from "../../../scripts/src/documents/blocks.ts";
import { ask } from "../rig/ask.ts";
import type { Stage } from "../scenario.ts";
import { ODD_KEYS, pathOf } from "../scenarios/odd-keys.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

const run = promisify(execFile);
const README = new URL("../../../README.md", import.meta.url);
const IDS = /[0-9a-f]{8}-[0-9a-f-]{27}/g;
/** A bucket whose name is also a word of a route. */
const BUCKET = "buckets";
/** Two objects that are one where a proxy merges slashes, decodes, or takes segments for steps. */
const KEYS = [...ODD_KEYS, "a/b", "b/c.txt", "b//c.txt", "b%2Fc.txt", "b%252Fc.txt", "b/./c.txt"];

export async function asksAlike(stage: Stage, rig: ProxyRig, { url }: Door): Promise<void> {
  const blocks = blocksOf(await readFile(README, "utf8"));
  const commands = blocks
    .filter(({ mark }) => mark?.kind === "run")
    .flatMap(({ text }) => text.split("\n").filter((line) => line.startsWith("curl ")));
  const answerOf = async (command: string, gateway: string) => {
    const here = command
      .replaceAll("http://localhost:8080", gateway)
      .replaceAll("http://localhost:4566", rig.pair.localAws.url);
    const { stdout } = await run("sh", ["-c", here.replace("curl ", "curl -sS ")]);
    return stdout.replaceAll(IDS, "");
  };
  let alike = 0;
  for (const command of commands) {
    const direct = await answerOf(command, rig.gateways[0]?.url ?? "");
    const through = await answerOf(command, url);
    if (direct !== "" && through === direct) alike++;
    else stage.progress(`${command}: ${through}, and directly ${direct}`);
  }
  const count = `${commands.length} commands`;
  const isKept = commands.length >= 5 && alike === commands.length;
  stage.check("commands of the README: answers as without it", "all", isKept, count, `${alike}`);
}

export async function oddNames(stage: Stage, rig: ProxyRig, { url }: Door): Promise<void> {
  await rig.pair.aws.objects(BUCKET, KEYS);
  for (const prefix of ["", "/airlock"]) {
    let right = 0;
    for (const key of KEYS) {
      const { status, body, error } = await ask(url, `${prefix}/storage/${BUCKET}/${pathOf(key)}`);
      if (status === 200 && body === key) right++;
      else
        stage.progress(`${prefix} ${JSON.stringify(key)}: ${error ?? status} ${body.slice(0, 90)}`);
    }
    const what = `odd names${prefix && `, below ${prefix}`}: their own object`;
    stage.check(what, "all", right === KEYS.length, `${KEYS.length} names`, String(right));
  }
}

const NAME = "/config//airlock/dev/database/host";

export async function sizesAndPrefix(stage: Stage, _rig: ProxyRig, { url }: Door): Promise<void> {
  const headers = { authorization: `Bearer ${"t".repeat(8000)}` };
  const { status } = await ask(url, NAME, { headers });
  stage.check("a token of 8,000 bytes", "200", status === 200, "1 request", String(status));

  const large = await fetch(`${url}/config/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "x".repeat(2_000_000),
  }).catch((error: Error) => ({ status: String(error.cause) }));
  stage.check("a body of 2 MB", "413", large.status === 413, "1 request", `${large.status}`);

  const page = await ask(url, "/airlock/docs");
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, link = ""]) => new URL(link, `${url}/airlock/docs`).pathname,
  );
  const answers = await Promise.all(links.map((link) => ask(url, link)));
  const good = answers.filter((one) => one.status === 200).length;
  const isWhole = page.status === 200 && links.length >= 5 && good === links.length;
  stage.check(
    "/airlock/docs: the page and its parts",
    "all",
    isWhole,
    `${links.length}`,
    `${good}`,
  );
}
