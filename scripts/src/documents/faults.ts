/** What is wrong with the documents: blocks that nobody runs, links that lead nowhere, commands that are not there. */
import { existsSync, readFileSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Block, blocksOf } from "./blocks.ts";

/** Names every document. */
const INDEX = "docs/README.md";
const PAGES = ["*.md", "docs/**/*.md", "k8s/*.md"];

/** What a block may need that a test has not. */
const NEEDS = [
  "AWS",
  "the AWS CLI",
  "the npm registry",
  "a cluster",
  "a database",
  "docker",
  "a terminal",
  "a quiet machine",
];

/** Languages of what can be shown without anybody running it. */
const SHOWN = ["", "json", "yaml"];

/** Paths of all documents, from the root of the repository. */
export async function documentsOf(root: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(PAGES, { cwd: root })) paths.push(path);
  return paths.sort();
}

/** One line for each fault. */
export async function documentFaults(root: string): Promise<string[]> {
  const documents = await documentsOf(root);
  const texts = new Map<string, string>();
  for (const path of documents) texts.set(path, await readFile(join(root, path), "utf8"));
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const names = new Set(Object.keys(scripts));
  const index = texts.get(INDEX) ?? "";
  const unlisted = documents.filter(
    (path) => path.startsWith("docs/") && path !== INDEX && !index.includes(`](${path.slice(5)})`),
  );
  const faults = [...texts].flatMap(([path, text]) => {
    try {
      return [
        ...blocksOf(text).flatMap((block) =>
          blockFaults(block, path, root, names).map((fault) => `${path}:${block.line}: ${fault}`),
        ),
        ...linkFaults(text, path, root, texts),
      ];
    } catch (error) {
      return [`${path}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  return [...faults, ...unlisted.map((path) => `${path}: is not in ${INDEX}`)];
}

function blockFaults(
  { mark, language, text }: Block,
  document: string,
  root: string,
  scripts: ReadonlySet<string>,
): string[] {
  if (!mark)
    return [
      "no test runs this block, and no mark above it says why: <!-- run -->, <!-- checked by FILE -->, <!-- needs WHAT --> or <!-- shown -->",
    ];
  const faults = language === "sh" ? commandFaults(text, root, scripts) : [];
  if (mark.kind === "run" && language !== "sh") faults.push("only sh can be run as it stands");
  if (mark.kind === "shown" && !SHOWN.includes(language))
    faults.push(`${language} is to be run, not to be shown`);
  if (mark.kind === "needs" && !NEEDS.includes(mark.what))
    faults.push(`${mark.what} is nothing that a block may need: ${NEEDS.join(", ")}`);
  if (mark.kind === "checked") {
    const name = document.split("/").slice(-2).join("/");
    const file = join(root, mark.file);
    if (!existsSync(file)) faults.push(`${mark.file} is not there`);
    else if (!readFileSync(file, "utf8").includes(name))
      faults.push(`${mark.file} does not read ${name}`);
  }
  if (language === "json" && !text.includes("…")) {
    try {
      JSON.parse(text);
    } catch (error) {
      faults.push(String(error));
    }
  }
  return faults;
}

/** Files and scripts that a command names are there. */
function commandFaults(text: string, root: string, scripts: ReadonlySet<string>): string[] {
  const commands = text.replaceAll(/^ *#.*$/gm, "");
  const files = commands.matchAll(
    /(?<![\w./-])((?:\.github|k8s|packages|services|scripts|docs)\/[\w./-]*\w)/g,
  );
  const called = commands.matchAll(/\bpnpm(?:@\d+)? ([\w:-]+)/g);
  return [
    ...[...files].flatMap(([, path = ""]) =>
      existsSync(join(root, path)) ? [] : [`${path} is not there`],
    ),
    ...[...called].flatMap(([, name = ""]) =>
      scripts.has(name) ? [] : [`pnpm ${name} is no script of package.json`],
    ),
  ];
}

function linkFaults(
  text: string,
  document: string,
  root: string,
  texts: ReadonlyMap<string, string>,
): string[] {
  const links = withoutBlocks(text).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g);
  return [...links].flatMap(([, target = "", anchor]) => {
    const path = target ? join(dirname(document), target) : document;
    if (!existsSync(join(root, path))) return [`${document}: ${target} is not there`];
    const page = texts.get(path);
    return anchor && page !== undefined && !anchorsOf(page).has(anchor)
      ? [`${document}: ${path} has no heading #${anchor}`]
      : [];
  });
}

const withoutBlocks = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "");

/** As GitHub makes them of headings, and those that are written out. */
function anchorsOf(text: string): Set<string> {
  const written = text.matchAll(/<a (?:id|name)="([^"]+)">/g);
  const headings = withoutBlocks(text).matchAll(/^#{1,6} (.*)$/gm);
  return new Set([
    ...[...written].map(([, name = ""]) => name),
    ...[...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-"),
    ),
  ]);
}
