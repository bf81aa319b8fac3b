/** What an OpenAPI document needs beyond the schemas of the routes, so that people and generators can use it. */
import { STATUS_CODES } from "node:http";
import { EXAMPLES, headersOfOperation, OPERATION_IDS } from "@airlock/contract";
import {
  type Answer,
  type Media,
  type OpenApiDocument,
  type Operation,
  resolve,
  SCHEMAS,
  type Schema,
} from "./parts.ts";
import { shareProblems } from "./problem-answers.ts";
import { tellHeaders } from "./told-headers.ts";

/** In the order in which a reader wants them; the document of a service has those that it uses. */
const TAGS: readonly [name: string, description: string][] = [
  ["config", "Values of SSM Parameter Store."],
  ["parameters", "Values of SSM Parameter Store, for the gateway."],
  ["storage", "Objects of S3."],
  ["s3", "Objects of S3, for the gateway."],
  ["auth", "From an AWS identity to an API key."],
  ["keys", "A user's API keys."],
  ["jobs", "GPU jobs."],
  ["disks", "Disks that outlive jobs."],
  ["cluster", "GPUs, free and taken."],
  ["admin", "For operators."],
  ["internal", "What the other services ask."],
  ["about", "What this service is."],
  ["probes", "What Kubernetes asks."],
];
const ORDER = new Map(TAGS.map(([name], index) => [name, index]));

const INT32_MAX = 2_147_483_647;
const BODILESS = ["101", "204"];
const UNCHANGED = "The client has what would be sent: see If-None-Match.";

/**
 * Changes the document in place.
 *
 * @param isCounting whether the service counts requests, and says so with each answer.
 */
export function finish<D extends OpenApiDocument>(document: D, isCounting: boolean): D {
  const schemas = document.components?.schemas ?? {};
  dropUnused(document, schemas);
  dropSuffixes(document, schemas);
  for (const [name, schema] of Object.entries(schemas)) {
    const example = EXAMPLES[name];
    if (example !== undefined) schema.examples = [example];
    tidy(schema);
  }
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const place = `${method.toUpperCase()} ${path}`;
      const id = OPERATION_IDS[place];
      if (id !== undefined) operation.operationId = id;
      if (headersOfOperation(place).honours.includes("If-None-Match")) {
        operation.responses[304] = { description: UNCHANGED };
      }
      finishOperation(operation, document);
    }
  }
  shareProblems(document);
  tellHeaders(document, isCounting);
  // below whatever path a proxy has taken off
  document.servers = [{ url: "." }];
  const rank = (operations: Record<string, Operation>) =>
    ORDER.get(Object.values(operations)[0]?.tags?.[0] ?? "") ?? TAGS.length;
  const paths = Object.entries(document.paths).sort(([, a], [, b]) => rank(a) - rank(b));
  document.paths = Object.fromEntries(paths);
  const used = new Set(
    paths.flatMap(([, operations]) => Object.values(operations).flatMap(({ tags = [] }) => tags)),
  );
  document.tags = TAGS.filter(([name]) => used.has(name)).map(([name, description]) => ({
    name,
    description,
  }));
  return document;
}

/** Schemas come as input and as output; the one that no path refers to says the same twice. */
function dropUnused(document: OpenApiDocument, schemas: Record<string, Schema>): void {
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).find((name) => !text.includes(`"${SCHEMAS}${name}"`));
    if (unused === undefined) return;
    delete schemas[unused];
  }
}

/** `SubmitJobInput` is called `SubmitJob` where there is no other. */
function dropSuffixes(document: OpenApiDocument, schemas: Record<string, Schema>): void {
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(schemas)) {
    const bare = name.replace(/Input$/, "");
    if (bare === name || bare in schemas) continue;
    names.set(SCHEMAS + name, SCHEMAS + bare);
    delete schemas[name];
    schemas[bare] = schema;
  }
  visit(document, (node) => {
    const renamed = names.get(String(node.$ref));
    if (renamed !== undefined) node.$ref = renamed;
  });
}

function visit(node: unknown, each: (node: Schema) => void): void {
  if (typeof node !== "object" || node === null) return;
  each(node);
  for (const inner of Object.values(node)) visit(inner, each);
}

/** What zod tells of its own: the bounds of JavaScript's numbers, and the pattern of a known format. */
function tidy(schema: unknown): void {
  visit(schema, (node) => {
    if (node.format === "date-time" || node.format === "date" || node.format === "uuid") {
      delete node.pattern;
    }
    if (node.type !== "integer") return;
    if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
    if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
    node.format = (node.maximum ?? Number.POSITIVE_INFINITY) <= INT32_MAX ? "int32" : "int64";
  });
}

function finishOperation(operation: Operation, document: OpenApiDocument): void {
  for (const { schema } of operation.parameters ?? []) tidy(schema);
  for (const media of Object.values(operation.requestBody?.content ?? {})) show(media, document);
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (BODILESS.includes(status)) delete answer.content;
    for (const media of Object.values(answer.content ?? {})) show(media, document);
    if (answer.description === "Default Response") {
      answer.description = describe(answer, document) ?? STATUS_CODES[status] ?? status;
    }
  }
}

/** What is not told once for all is told here: the first of several forms, or the example of a text. */
function show(media: Media, document: OpenApiDocument): void {
  tidy(media.schema);
  const { schema } = media;
  if (schema?.$ref !== undefined) return;
  const form = resolve((schema?.anyOf ?? schema?.oneOf)?.[0] ?? schema, document);
  const { example, ...others } = schema ?? {};
  const shown = example ?? form.example ?? form.examples?.[0];
  if (shown !== undefined) media.example = shown;
  if (example !== undefined) media.schema = others;
}

function describe({ content }: Answer, document: OpenApiDocument): string | undefined {
  const [media] = Object.values(content ?? {});
  const { title, description } = resolve(media?.schema, document) as Schema & { title?: string };
  return description ?? title;
}
