/** `.env.example`: every setting of every service, from their schemas; and the names for `start`. */
import { describeSettings } from "@airlock/config";
import { settingsSchema as aux } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gateway } from "../../../services/gateway/src/settings.ts";
import { settingsSchema as jobs } from "../../../services/jobs/src/settings.ts";
import { settingsSchema as processor } from "../../../services/processor/src/settings.ts";

export const SERVICES = { gateway, aux, jobs, processor } as const;

export function envExample(): string {
  const shared = describeSettings(gateway).filter(
    ({ name }) =>
      name !== "SERVICE_NAME" && Object.values(SERVICES).every(({ shape }) => name in shape),
  );
  const sharedNames = new Set(shared.map(({ name }) => name));
  const section = (title: string, settings: typeof shared) => [
    "",
    `# ${title}`,
    ...settings.flatMap(({ name, description, default: value }) => [
      "",
      `# ${description}`,
      `# ${name}=${value ?? ""}`,
    ]),
  ];
  const own = (schema: Parameters<typeof describeSettings>[0]) =>
    describeSettings(schema).filter(({ name }) => !sharedNames.has(name));
  return `${[
    "# Every setting there is, with its default where it has one. All are commented out: no service takes those of all.",
    "# Generated from the settings schemas: pnpm check --fix",
    ...section("every service", shared),
    // a variable stands in the file once
    ...section(
      "gateway",
      own(gateway).filter(({ name }) => !(name in aux.shape)),
    ),
    ...section("aux", own(aux)),
    ...section(
      "jobs",
      own(jobs).filter(({ name }) => !(name in aux.shape)),
    ),
    ...section(
      "processor",
      own(processor).filter(({ name }) => !(name in aux.shape) && !(name in jobs.shape)),
    ),
  ].join("\n")}\n`;
}

/** For `start`, which is ready a second sooner without the schemas and all that they import. */
export function settingNames(): string {
  const names = Object.entries(SERVICES).map(([service, { shape }]) => [
    service,
    Object.keys(shape),
  ]);
  return `${JSON.stringify(Object.fromEntries(names), undefined, 2)}\n`;
}
