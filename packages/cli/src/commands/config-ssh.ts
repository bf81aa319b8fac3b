/** `gpu-dev config ssh`: ssh, scp, rsync and editors find jobs by the names of their pods. */
import { mkdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../cli-error.ts";
import { command } from "../command.ts";
import { apiUrlOf } from "../config.ts";
import { fileError, privateFolder, writeWhole } from "../files/private-file.ts";
import { ownPublicKey } from "../ssh/own-key.ts";
import { boxUser, sshOptions } from "../ssh/ssh-options.ts";

const BEGIN = "# gpu-dev: begin";
const END = "# gpu-dev: end";
const BLOCK = /^# gpu-dev: begin\n.*?^# gpu-dev: end\n?\n?/gms;

export const configSsh = command({
  name: "config ssh",
  about: "make your jobs known to ssh, scp, rsync and editors",
  flags: { remove: { about: "take that back" } },
  more: `Writes ~/.gpu-dev/ssh_config, and one Include at the top of ~/.ssh/config. Then:
  ssh gpu-dev-3f2a91bc-0123456789abcdef     (the pod, as \`gpu-dev show\` has it)
It names this program by its path: run it again where that has changed.`,
  async run({ flags }, context) {
    const { home, output, env } = context;
    const { path, mode, text: before } = await readUserConfig(home.userSshConfig);
    const others = before.replace(BLOCK, "");
    if (flags.remove) {
      if (others !== before) await writeWhole(path, others, { mode });
      output.note("ssh knows nothing of your jobs any more.");
      return;
    }
    const url = apiUrlOf(env, await context.config());
    await privateFolder(home.private);
    await ownPublicKey(context);
    const options = [["User", boxUser(url)], ...sshOptions(context)];
    const lines = options.map(([name, value]) => `  ${name} ${value}`);
    // settings of a shell do not reach an editor that was started elsewhere
    const text = ["# Written by `gpu-dev config ssh`.", "Host gpu-dev-*", ...lines, ""].join("\n");
    await writeWhole(home.sshConfig, text);
    // before all else: an Include below a Host would hold for that host alone
    const include = `${BEGIN}\nInclude ${home.sshConfig.includes(" ") ? `"${home.sshConfig}"` : home.sshConfig}\n${END}\n\n`;
    if (before !== include + others) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeWhole(path, include + others, { mode });
    }
    output.note("ssh knows your jobs by their pods: `gpu-dev show` has the names.");
    if (env.GPU_DEV_API_URL) {
      output.note("Editors may not see GPU_DEV_API_URL: gpu-dev config set api_url ADDRESS");
    }
  },
});

interface UserConfig {
  /** Where it really is: it may be a link into a folder of such files. */
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

async function readUserConfig(link: string): Promise<UserConfig> {
  try {
    const path = await realpath(link);
    const { mode } = await stat(path);
    return { path, mode: mode & 0o777, text: await readFile(path, "utf8") };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { path: link, mode: 0o600, text: "" };
    throw fileError("read", link, error);
  }
}
