/** `gpu-dev version`: of this program, and of what it runs on. */
import { command, JSON_FLAG } from "../command.ts";

export const versionCommand = command({
  name: "version",
  about: "show the version",
  flags: JSON_FLAG,
  async run({ flags }, { output, version }) {
    const node = process.versions.node;
    if (flags.json) return void output.json({ version, node });
    output.print(`gpu-dev ${version} (Node ${node})`);
  },
});
