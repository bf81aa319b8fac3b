/** The OpenAPI document of a service, and a page to read it with, served without the internet. */
import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import type { FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./app-type.ts";
import { finish } from "./openapi/finish.ts";
import type { OpenApiDocument } from "./openapi/parts.ts";
import { type Proof, schemesOf, securityOf } from "./openapi/proofs.ts";
import { isProbe } from "./probes.ts";

export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** What its callers are asked for, as the settings have it. */
  readonly proofs?: readonly Proof[];
  /** It counts the requests of each client. */
  readonly isCounting?: boolean;
}

/** The page loads its own scripts and styles only; its widgets set inline styles. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Collects the routes' schemas: call before the routes are added. `app.swagger()` gives the document. */
export async function registerOpenApi(app: App, about: ApiDescription): Promise<void> {
  const { proofs = [], isCounting = false } = about;
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.1",
      info: {
        title: about.title,
        description: about.description,
        version: about.version,
        license: { name: "MIT", identifier: "MIT" },
      },
      components: { securitySchemes: schemesOf(proofs) },
    },
    transform: (input) => {
      const { schema, url } = nameWildcard(jsonSchemaTransform(input));
      const { answersAnybody = false } = input.route.config ?? {};
      const isAsked = !answersAnybody && !isProbe(url);
      return { schema: { ...schema, security: isAsked ? securityOf(proofs, url) : [] }, url };
    },
    transformObject: (input) =>
      finish(jsonSchemaTransformObject(input) as unknown as OpenApiDocument, isCounting),
  });
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
export async function registerDocsPage(app: App, { title }: ApiDescription): Promise<void> {
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
      theme: { title },
      uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, deepLinking: true },
    });
    done();
  });
}
