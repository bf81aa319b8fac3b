/** What is typed wrongly is told in a sentence, with what was meant; help is there for everything. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { EXIT_MEANINGS } from "../src/cli-error.ts";
import { COMMANDS } from "../src/commands/table.ts";
import { parse } from "../src/parse.ts";
import { gpuDev, JOB, type Played, temporaryHome } from "./harness.ts";

const refused: readonly (readonly [words: string, says: RegExp])[] = [
  ["frobnicate", /no command "frobnicate"/],
  ["lsit", /Did you mean `gpu-dev list`\?/],
  ["disk creat x", /Did you mean `gpu-dev disk create`\?/],
  ["list --jsno", /no flag --jsno\.\n {2}Did you mean --json\?/],
  ["list -q", /no flag -q/],
  ["reserve --hours", /--hours needs a value: --hours HOURS/],
  ["reserve --name --wait", /--name needs a value/],
  ["list --json=yes", /--json takes no value/],
  ["show a b", /does not take "b"/],
  ["reserve python train.py", /does not take "python"/],
  ["extend 3f2a91bc", /needs HOURS/],
  ["reserve --hours never", /--hours is a number of hours/],
  ["reserve --hours 1m", /from five minutes on/],
  ["reserve --gpus many", /--gpus is a number/],
  ["reserve --keep", /--keep goes with a --command/],
  ["reserve --wait --no-wait", /contradict/],
  ["reserve --command a -- b", /given twice/],
  ["reserve --env =x", /--env is NAME=VALUE/],
  ["reserve --env NOT_THERE", /no such variable/],
  ["reserve --env GPU_TYPE=h100", /--type says it/],
  ["reserve --port 70000 --type h100", /is no port/],
  ["reserve --disk-size 10", /goes with --disk/],
  ["cancel --all 3f2a91bc", /--all needs no ID/],
  ["edit 3f2a91bc", /Nothing to change/],
  ["edit 3f2a91bc --enable-jupyter --disable-jupyter", /contradict/],
  ["list --watch --interval 0", /--interval/],
  ["logs 3f2a91bc --tail x", /--tail is a number of lines/],
  ["config set nothing 1", /no setting "nothing"/],
  ["config set api_ulr x", /Did you mean api_url\?/],
  ["config set api_url", /needs its value/],
  ["config set api_url ftp://x", /no address like/],
  ["config set api_url https://a:b@example.com", /no address like/],
  ["disk delete data", /Nobody can be asked/],
  ["admin frobnicate", /no command "admin frobnicate"/],
  ["admin users lsit", /Did you mean `gpu-dev admin users list`\?/],
  ["admin users show", /needs USER/],
  ["admin keys revoke bob", /Say which: KEY, or --all/],
  ["admin keys revoke bob gpud_abcdefgh --all", /Say which: KEY, or --all/],
  ["admin dead-orders drop", /Say which: IDs, or --all/],
  ["admin dead-orders redrive 1 --all", /Say which: IDs, or --all/],
  ["admin dead-orders drop x --yes", /IDs are numbers/],
  ["admin dead-orders drop --all", /Nobody can be asked.*admin dead-orders drop --all --yes/s],
  ["admin orphans remove gpu-dev-a", /Nobody can be asked/],
  ["admin cordon h100", /Say why with --reason/],
  ["admin quota set --gpus 8", /Say whose/],
  ["admin quota set --everybody --user bob --gpus 8", /Say whose/],
  ["admin quota set --everybody", /Say what/],
  ["admin quota check --everybody --gpus many", /--gpus is a number/],
  ["admin jobs extend 3f2a91bc soon", /HOURS is a number/],
];

for (const [words, says] of refused) {
  test(`usage: gpu-dev ${words}`, async (t) => {
    const { code, out, err } = await gpuDev(words.split(" "), { home: await temporaryHome(t) });
    assert.equal(code, 2, err);
    assert.match(err, says);
    assert.equal(out, "");
  });
}

const BY_API: readonly (readonly [string, number, string, string, string])[] = [
  [
    ...(["list -s bogus", 400, "bad_request"] as const),
    "status[0]: is none of queued, active; it was a text of 5 characters",
    "--status: is none of queued, active",
  ],
  [
    ...(["logs 3f2a91bc --since 5", 400, "bad_request"] as const),
    "since: must be a time, or how long ago; it was the text 5",
    "--since: must be a time, or how long ago",
  ],
  [
    ...(["submit --instance i --name x --env LD_X=1", 422, "invalid_body"] as const),
    "env_vars.POD_NAME: must be text; it was a text of 1 character; env_vars.LD_X: may not be set",
    "--name: must be text; --env LD_X: may not be set",
  ],
];
for (const [words, status, code, detail, told] of BY_API) {
  test(`usage: gpu-dev ${words}: what the API refuses is told by its flag`, async (t) => {
    const home = await temporaryHome(t);
    const api: Played = ({ method, path }) => {
      if (path === "/v1/gpu/availability") return { body: { availability: {} } };
      if (method === "GET" && path === "/v1/jobs/3f2a91bc") return { body: JOB };
      return { status, body: { code, detail } };
    };
    const env = { GPU_DEV_API_KEY: "given-given-given-given" };
    const ran = await gpuDev(words.split(" "), { home, env, api });
    assert.equal(ran.code, 2, ran.err);
    assert.match(ran.err, /request request-1/);
    assert.ok(ran.err.includes(`error: ${told}\n`), ran.err);
  });
}

test("without an address each command says how to set one", async (t) => {
  const home = await temporaryHome(t);
  const { code, err } = await gpuDev(["list"], { home, env: { GPU_DEV_API_URL: "" } });
  assert.equal(code, 2);
  assert.match(err, /Nothing says where the jobs API is/);
});

test("help tells of every command and every exit code, and each command has its own", async (t) => {
  const home = await temporaryHome(t);
  for (const words of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out, err } = await gpuDev(words, { home });
    assert.equal(code, 0, err);
    for (const { name, isInner } of COMMANDS) {
      const isListed = !isInner && !name.startsWith("admin ");
      assert.equal(out.includes(`\n  ${name} `), isListed, `${name} in help`);
    }
    assert.match(out, /\n {2}admin {2,}what operators do/);
    for (const [exit] of EXIT_MEANINGS) assert.match(out, new RegExp(`\\n  ${exit} `));
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
  }
  for (const { name, flags } of COMMANDS) {
    const asked = [...name.split(" "), "--help"];
    const { code, out } = await gpuDev(asked, { home });
    assert.equal(code, 0);
    for (const flag of Object.keys(flags)) assert.ok(out.includes(`--${flag}`), `${name} ${flag}`);
    assert.deepEqual(
      await gpuDev(["help", ...name.split(" ")], { home }).then((ran) => ran.out),
      out,
    );
  }
  for (const { name } of COMMANDS) {
    const { out } = await gpuDev([...name.split(" "), "--help"], { home, columns: 80 });
    const whole = await gpuDev([...name.split(" "), "--help"], { home });
    // an example is a line to copy, and stays one
    const long = out.split("\n").filter((line) => line.length > 80 && !line.includes("gpu-dev "));
    assert.deepEqual(long, [], name);
    const words = (text: string) => text.split(/\s+/).join(" ");
    assert.equal(words(out), words(whole.out));
  }
  const group = await gpuDev(["disk"], { home });
  assert.match(group.out, /disk create/);
  const operators = await gpuDev(["admin"], { home });
  for (const { name } of COMMANDS.filter(({ name }) => name.startsWith("admin "))) {
    assert.ok(operators.out.includes(`\n  ${name} `), name);
  }
  const users = await gpuDev(["admin", "users"], { home });
  assert.match(users.out, /Usage: gpu-dev admin users COMMAND/);
  assert.doesNotMatch(users.out, /admin jobs/);
  const hours = await gpuDev(["reserve", "-h"], { home });
  assert.match(hours.out, /Usage: gpu-dev reserve/);
});

test("no two flags of a command have one letter", () => {
  for (const { name, flags } of COMMANDS) {
    const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(letters).size, letters.length, name);
  }
});

for (const [document, least] of [
  ["docs/jobs.md", 12],
  ["docs/jobs-operating.md", 25],
  ["docs/runbook.md", 2],
] as const) {
  test(`${document}: each command is one that there is, with flags and operands that it takes`, async () => {
    const page = await readFile(new URL(`../../../${document}`, import.meta.url), "utf8");
    const blocks = [...page.matchAll(/^```(?:sh|console)\n(.*?)^```$/gms)].join("");
    const lines = [...blocks.matchAll(/^(?:\$ )?gpu-dev (.*?)(?: +#.*)?$/gm)].map(
      ([, line = ""]) => line,
    );
    assert.ok(lines.length >= least, String(lines.length));
    for (const line of lines) {
      const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
      assert.doesNotThrow(() => parse(words, COMMANDS), line);
    }
  });
}
