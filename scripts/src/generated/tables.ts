/** Tables inside documents, between markers: settings in docs/settings.md, codes in docs/errors.md. */
import { describeSettings } from "@airlock/config";
import { PROBLEMS } from "@airlock/contract";
import { SERVICES } from "./env-example.ts";

export function settingsTable(): string {
  const rows = new Map<
    string,
    { services: string[]; fallback: string; texts: Map<string, string[]> }
  >();
  for (const [service, schema] of Object.entries(SERVICES)) {
    for (const { name, description, default: value } of describeSettings(schema)) {
      const row = rows.get(name) ?? {
        services: [],
        fallback: "",
        texts: new Map<string, string[]>(),
      };
      row.texts.set(description, [...(row.texts.get(description) ?? []), service]);
      const fallback = value === undefined ? "" : `\`${value}\``;
      if (name === "SERVICE_NAME") row.fallback = "the service";
      else if (row.services.length === 0) row.fallback = fallback;
      else if (row.fallback !== fallback) row.fallback += `, ${service}: ${fallback}`;
      row.services.push(service);
      rows.set(name, row);
    }
  }
  return [
    "| variable | service | default | meaning |",
    "|---|---|---|---|",
    ...[...rows].map(([name, { services, fallback, texts }]) => {
      const text = meaningOf(texts);
      const who = services.length === Object.keys(SERVICES).length ? "all" : services.join(", ");
      return `| \`${name}\` | ${who} | ${fallback} | ${text.replaceAll("|", "\\|")} |`;
    }),
  ].join("\n");
}

/** One variable may mean something else to another service: then each has its own sentence. */
function meaningOf(texts: ReadonlyMap<string, readonly string[]>): string {
  if (texts.size === 1) return [...texts.keys()].join();
  return [...texts].map(([text, services]) => `${services.join(", ")}: ${text}`).join(" ");
}

/** Keeps the last column, which is written by hand. */
export function codesTable(document: string): string {
  const explanations = new Map(
    [...document.matchAll(/^\| \d{3} \| `(\w+)` \| .*? \| (.*) \|$/gm)].map(([, code, text]) => [
      code,
      text,
    ]),
  );
  const rows = Object.entries(PROBLEMS).toSorted(([, [a]], [, [b]]) => a - b);
  return [
    "| status | code | title | when, and what to do |",
    "|---|---|---|---|",
    ...rows.map(
      ([code, [status, title]]) =>
        `| ${status} | \`${code}\` | ${title} | ${explanations.get(code) ?? ""} |`,
    ),
  ].join("\n");
}

/** Puts a table between `<!-- name:begin -->` and `<!-- name:end -->`. */
export function replaceSection(document: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no section ${name}`);
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`;
}
