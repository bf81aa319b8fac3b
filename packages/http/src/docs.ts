/** The OpenAPI document of a service, and a page to read it with, served without the internet. */
import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./app-type.ts";

export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

/** The page loads its own scripts and styles only; its widgets set inline styles. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Collects the routes' schemas: call before the routes are added. `app.swagger()` gives the document. */
export async function registerOpenApi(app: App, about: ApiDescription): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.1",
      info: { title: about.title, description: about.description, version: about.version },
    },
    transform: (input) => nameWildcard(jsonSchemaTransform(input)),
    transformObject: (input) => withoutUnused(jsonSchemaTransformObject(input) as OpenApiDocument),
  });
}

interface OpenApiDocument {
  components?: { schemas?: Record<string, object> };
}

/** Schemas come as input and as output; the one that no path refers to says the same twice. */
function withoutUnused<D extends OpenApiDocument>(document: D): D {
  const { schemas = {} } = document.components ?? {};
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).find(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    if (unused === undefined) return document;
    delete schemas[unused];
  }
}

interface Transformed {
  schema: FastifySchema;
  url: string;
}

interface ParamsSchema {
  readonly properties?: Record<string, { readonly title?: string }>;
}

/** OpenAPI has no wildcards: `/config/*` is written as `/config/{name}`, or by its title. */
function nameWildcard({ schema, url }: Transformed): Transformed {
  if (!url.endsWith("/*")) return { schema, url };
  const { "*": rest = {}, ...others } =
    (schema.params as ParamsSchema | undefined)?.properties ?? {};
  const { title = "name", ...described } = { type: "string", ...rest };
  const properties = { ...others, [title]: described };
  const params = { type: "object", properties, required: Object.keys(properties) };
  return { url: `${url.slice(0, -1)}:${title}`, schema: { ...schema, params } };
}

/** Serves `/openapi.json` and `/docs`, below whatever path a proxy has taken off: no URL in the page is absolute. */
export async function registerDocsPage(app: App): Promise<void> {
  app.get("/openapi.json", { schema: { hide: true }, config: { isOpen: true } }, async () =>
    app.swagger(),
  );
  await app.register((scope, _options, done) => {
    scope.addHook("onRoute", (route) => {
      route.config = { ...route.config, isOpen: true };
    });
    scope.addHook("onSend", (_request, reply, _payload, next) => {
      reply.header("content-security-policy", DOCS_CSP);
      // of /docs/static/index.html alone
      if (reply.hasHeader("location")) reply.header("location", "../");
      next();
    });
    scope.register(fastifySwaggerUi, {
      routePrefix: "/docs",
      indexPrefix: ".",
      // seen from /docs/json, where the page has it from
      transformSpecification: (document) => ({ ...document, servers: [{ url: "../" }] }),
      transformSpecificationClone: false,
    });
    done();
  });
}
