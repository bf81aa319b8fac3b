/** What of an OpenAPI document is read and written here, as far as this project's own have it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  description?: string;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  enum?: readonly unknown[];
  examples?: unknown[];
  example?: unknown;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
}

export interface Parameter {
  $ref?: string;
  name?: string;
  in?: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Header {
  $ref?: string;
  description?: string;
  schema?: Schema;
}

export interface Answer {
  $ref?: string;
  description?: string;
  headers?: Record<string, Header>;
  content?: Record<string, Media>;
}

export interface Operation {
  operationId?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  requestBody?: { content: Record<string, Media> };
  parameters?: Parameter[];
  responses: Record<string, Answer>;
}

export interface OpenApiDocument {
  servers?: { url: string }[];
  tags?: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components?: {
    schemas?: Record<string, Schema>;
    parameters?: Record<string, Parameter>;
    headers?: Record<string, Header>;
    responses?: Record<string, Answer>;
  };
}

export const SCHEMAS = "#/components/schemas/";

/** With what is told once and referred to. */
export function resolve(schema: Schema | undefined, document: OpenApiDocument): Schema {
  const name = schema?.$ref?.startsWith(SCHEMAS) ? schema.$ref.slice(SCHEMAS.length) : undefined;
  return (name === undefined ? schema : document.components?.schemas?.[name]) ?? {};
}
