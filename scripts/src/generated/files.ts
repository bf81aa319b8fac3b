/** Every file that is generated, with what it should hold. */
import { readFile } from "node:fs/promises";
import { dashboards } from "./dashboards/services.ts";
import { envExample, settingNames } from "./env-example.ts";
import { installationFiles } from "./installations.ts";
import { openApiOf } from "./openapi.ts";
import { codesTable, replaceSection, settingsTable } from "./tables.ts";

export const ROOT = new URL("../../../", import.meta.url);

export interface GeneratedFile {
  readonly path: string;
  readonly expected: string;
}

export async function generatedFiles(): Promise<GeneratedFile[]> {
  const settings = await readFile(new URL("docs/settings.md", ROOT), "utf8");
  const errors = await readFile(new URL("docs/errors.md", ROOT), "utf8");
  return [
    { path: ".env.example", expected: envExample() },
    { path: "scripts/src/start/setting-names.json", expected: settingNames() },
    { path: "docs/settings.md", expected: replaceSection(settings, "settings", settingsTable()) },
    { path: "docs/errors.md", expected: replaceSection(errors, "codes", codesTable(errors)) },
    { path: "services/gateway/openapi.json", expected: await openApiOf("gateway") },
    { path: "services/aux/openapi.json", expected: await openApiOf("aux") },
    { path: "services/jobs/openapi.json", expected: await openApiOf("jobs") },
    { path: "services/processor/openapi.json", expected: await openApiOf("processor") },
    ...installationFiles(),
    ...dashboards().map(([name, expected]) => ({ path: `docs/dashboards/${name}.json`, expected })),
  ];
}

/** The generated files whose content is not what it should be. */
export async function staleFiles(): Promise<GeneratedFile[]> {
  const files = await generatedFiles();
  const contents = await Promise.all(
    files.map(({ path }) => readFile(new URL(path, ROOT), "utf8").catch(() => undefined)),
  );
  return files.filter(({ expected }, index) => contents[index] !== expected);
}
