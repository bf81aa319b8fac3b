/** `gpu-dev completion bash|zsh`, and what the shells ask it for. */
import { usageError } from "../cli-error.ts";
import { type Command, command } from "../command.ts";
import { candidatesFor } from "../completion/candidates.ts";

const BASH = `_gpu_dev() {
  local IFS=$'\\n'
  COMPREPLY=($(gpu-dev __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _gpu_dev gpu-dev
`;
const ZSH = `#compdef gpu-dev
_gpu_dev() {
  local -a names
  names=(\${(f)"$(gpu-dev __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#names} )); then compadd -a names; else _files; fi
}
if [ "\${funcstack[1]}" = _gpu_dev ]; then _gpu_dev; else compdef _gpu_dev gpu-dev; fi
`;

export const completion = command({
  name: "completion",
  about: "print what makes a shell complete commands, flags, jobs and disks",
  operands: [{ name: "bash|zsh" }],
  flags: {},
  examples: [
    "source <(gpu-dev completion bash)     # in ~/.bashrc",
    "source <(gpu-dev completion zsh)      # in ~/.zshrc, after compinit",
  ],
  async run({ operands: [shell = ""] }, { output }) {
    const script = { bash: BASH, zsh: ZSH }[shell];
    if (script === undefined) throw usageError("There is completion for bash and for zsh.");
    output.raw(script);
    return undefined;
  },
});

/** @param commands all others. */
export const completer = (commands: () => readonly Command[]): Command =>
  command({
    name: "__complete",
    about: "what the last word may become, a line each",
    operands: [{ name: "WORD", many: true, isOptional: true }],
    flags: {},
    isInner: true,
    async run({ operands }, context) {
      // a shell that waits for this must not wait for a login, nor be told of what is wrong
      const found = await candidatesFor(operands, commands(), context).catch(() => []);
      if (found.length > 0) context.output.print(...found);
      return undefined;
    },
  });
