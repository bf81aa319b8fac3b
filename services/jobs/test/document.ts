/** The OpenAPI document of jobs, as it is kept in the repository, and what holds answers to it. */
import { readFileSync } from "node:fs";
import {
  type AnswerCheck,
  createAnswerCheck,
  type OpenApi,
} from "../../../acceptance/answer-check.ts";

interface Media {
  readonly schema: { readonly $ref?: string };
  readonly example?: object;
}
interface Operation {
  readonly parameters?: readonly { readonly $ref?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
}
interface Document extends OpenApi {
  readonly paths: OpenApi["paths"] & Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: OpenApi["components"] & {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly object[] }>>;
  };
}

const document: Document = JSON.parse(
  readFileSync(new URL("../openapi.json", import.meta.url), "utf8"),
);

const check = createAnswerCheck(document);
/** What serves the document is no part of it. */
export const asDocumented: AnswerCheck = (method, target, reply) =>
  target === "/openapi.json" ? undefined : check(method, target, reply);

export interface Change {
  readonly method: string;
  /** As OpenAPI writes it. */
  readonly path: string;
  /** That of the document. */
  readonly body: object | undefined;
  readonly isRepeatable: boolean;
}

/** What users and operators change with a key, as the document tells it. */
export const CHANGES: readonly Change[] = Object.entries(document.paths).flatMap(
  ([path, operations]) =>
    Object.entries(operations).flatMap(([verb, { parameters = [], requestBody }]) => {
      if (verb === "get" || !/^\/v1\/(?!auth\/)/.test(path)) return [];
      const media = requestBody?.content["application/json"];
      const name = media?.schema.$ref?.split("/").at(-1) ?? "";
      const body = media?.example ?? document.components.schemas[name]?.examples?.[0];
      const isRepeatable = parameters.some(({ $ref }) => $ref?.endsWith("/Idempotency-Key"));
      return [{ method: verb.toUpperCase(), path, body, isRepeatable }];
    }),
);
