/** Makes the one file that users install, and beside it the licences of what is in it. */
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { COMMANDS } from "../commands/table.ts";
import { helpOfAll } from "../help.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
/** The words that any Node understands, so that an old one can say that it is too old. */
const OLDEST_SYNTAX = "node14";

const COMMON = {
  bundle: true,
  platform: "node",
  // of what is imported when it is needed, in one file: evaluated when it is needed
  format: "cjs",
  target: OLDEST_SYNTAX,
  conditions: ["airlock-source"],
  minify: true,
  legalComments: "none",
  absWorkingDir: PACKAGE,
  logLevel: "warning",
} as const satisfies BuildOptions;

/**
 * Runs before anything that an old Node does not have is loaded. In words that the oldest of them
 * can read. The shell comes first: Node looks for `--env-file` among the words behind a script too, and
 * reads that file for itself, unless `--` stands before it; and env of BusyBox, as in Alpine, has no -S.
 */
const BANNER = `#!/usr/bin/env sh
":" //; exec node -- "$0" "$@"
if (!(parseInt(process.versions.node, 10) >= 22)) {
  process.stderr.write("gpu-dev needs Node 22 or newer; this is Node " + process.versions.node + ".\\n");
  process.exit(1);
}`;

/**
 * Libraries that few commands need are packed in the file, and unpacked when they are needed: to read
 * them as code would take more time than all that most commands do.
 */
const packedLibraries = (inputs: Set<string>): Plugin => ({
  name: "packed libraries",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^.]/ }, ({ kind, path, namespace }) =>
      kind === "dynamic-import" && namespace === "file" && !path.startsWith("@airlock/")
        ? { path, namespace: "packed" }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: "packed" }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...COMMON,
        stdin: {
          contents: `module.exports = require(${JSON.stringify(path)});`,
          resolveDir: PACKAGE,
        },
        write: false,
        metafile: true,
      });
      for (const input of Object.keys(metafile.inputs)) inputs.add(input);
      const packed = brotliCompressSync(outputFiles[0]?.contents ?? "").toString("base64");
      return {
        contents: `
          const text = require("node:zlib").brotliDecompressSync(Buffer.from("${packed}", "base64"));
          const made = { exports: {} };
          const words = ["module", "require"];
          require("node:vm").compileFunction(text.toString(), words)(made, require);
          module.exports = made.exports;`,
      };
    });
  },
});

/** Parts of Node that take time to load, of which functions are used. */
const SLOW =
  /^node:(child_process|crypto|fs\/promises|net|os|readline\/promises|stream\/(consumers|promises)|timers\/promises)$/;

/** They are loaded by the first call of a function. */
const nodeWhenCalled: Plugin = {
  name: "node when called",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: SLOW }, ({ path, namespace }) =>
      namespace === "file" ? { path, namespace: "when called", sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "when called" }, async ({ path }) => {
      const exported: Record<string, unknown> = await import(path);
      const names = Object.keys(exported).filter((name) => /^[a-z]/.test(name));
      const lines = names
        .filter((name) => name !== "default")
        .map((name) => {
          const part = `require("${path}").${name}`;
          return typeof exported[name] === "function"
            ? `export const ${name} = (...args) => ${part}(...args);`
            : // at once, where it is used at all
              `export const ${name} = /* @__PURE__ */ (() => ${part})();`;
        });
      return { contents: lines.join("\n") };
    });
  },
};

/** @param folder gets `gpu-dev.cjs` and `third-party-licences.txt`. */
export async function makeBundle(folder = join(PACKAGE, "dist")): Promise<string> {
  const outfile = join(folder, "gpu-dev.cjs");
  const inputs = new Set<string>();
  const main = await build({
    ...COMMON,
    entryPoints: [join(PACKAGE, "src/main.ts")],
    write: false,
    metafile: true,
    plugins: [packedLibraries(inputs), nodeWhenCalled],
  });
  for (const input of Object.keys(main.metafile.inputs)) inputs.add(input);
  await build({
    ...COMMON,
    entryPoints: [join(PACKAGE, "src/bundle/first.ts")],
    outfile,
    banner: { js: BANNER },
    define: {
      HELP: JSON.stringify(helpOfAll(COMMANDS)),
      MAIN: JSON.stringify(main.outputFiles[0]?.text ?? ""),
    },
  });
  await chmod(outfile, 0o755);
  const files = [...inputs].map((input) => join(PACKAGE, input));
  await writeFile(join(folder, "third-party-licences.txt"), await licencesOf(files));
  return outfile;
}

async function licencesOf(inputs: readonly string[]): Promise<string> {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  const texts = await Promise.all([...folders].sort().map(licenceOf));
  // packages of one origin share one text
  return [...new Set(texts)].join(`\n${"-".repeat(78)}\n\n`);
}

const packageFolder = (input: string): string | undefined =>
  /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];

async function licenceOf(folder: string): Promise<string> {
  const { name, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(join(folder, file), "utf8") : `${license}\n`;
  return `${name} (${license})\n\n${text}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outfile = await makeBundle();
  process.stdout.write(`${outfile.slice(dirname(dirname(outfile)).length + 1)}\n`);
}
