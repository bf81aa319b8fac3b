/** Holds answers to an OpenAPI document: their status, their headers, their media type and their body. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Media {
  readonly schema?: object;
}
interface DocumentAnswer {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Media>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, DocumentAnswer>>;
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, DocumentAnswer>>;
    readonly headers?: Readonly<Record<string, unknown>>;
  };
}

const PROBLEM = "application/problem+json";
const PROBLEM_SCHEMA = ["components", "schemas", "Problem"];
/** Of whoever asks for what is not in the document. */
const STRANGE = [400, 401, 403, 404, 405, 414, 421, 429];

/** What is wrong with an answer; undefined where the document has it. */
export type AnswerCheck = (method: string, path: string, reply: Answered) => string | undefined;

export function createAnswerCheck(document: OpenApi): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv, ["date-time", "date", "uuid"]);
  ajv.addFormat("int32", true).addFormat("int64", true).addFormat("binary", true);
  ajv.addSchema(document, "openapi");
  // what is not ours is of something in between
  const ours = new Set(Object.keys(document.components.headers ?? {}).map(lower));
  const templates = Object.keys(document.paths).map(readTemplate).sort(nearestFirst);

  const bodyProblem = (at: readonly string[], text: string): string | undefined => {
    const validate = ajv.getSchema(`openapi#/${at.map(pointerOf).join("/")}`);
    if (!validate) return `the document has nothing at ${at.join(" ")}`;
    if (validate(JSON.parse(text))) return undefined;
    return `${ajv.errorsText(validate.errors)} in ${text.slice(0, 300)}`;
  };

  return (method, target, { status, headers, text }) => {
    const path = target.split(/[?#]/, 1)[0] ?? "";
    const type = String(headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    const verb = method.toLowerCase();
    const template = templates.find(({ matches }) => matches.test(path))?.path ?? "";
    const operations = document.paths[template];
    const operation = operations?.[verb] ?? (verb === "head" ? operations?.get : undefined);
    const seen = `${method} ${path}: ${status} ${type}`;
    const say = (what: string | undefined) => what && `${seen}: ${what}`;
    if (!operation) {
      if (!STRANGE.includes(status)) return say("the document knows neither path nor status");
      if (type !== PROBLEM) return say("the document does not know the path, and it is no problem");
      return say(method === "HEAD" ? undefined : bodyProblem(PROBLEM_SCHEMA, text));
    }
    const shared = operation.responses[status]?.$ref?.split("/").at(-1);
    const answer =
      shared === undefined ? operation.responses[status] : document.components.responses[shared];
    if (!answer) return say("the document does not know the status");
    // no-store, of all but objects
    const told = new Set(["cache-control", ...Object.keys(answer.headers ?? {}).map(lower)]);
    const untold = Object.keys(headers).find((name) => ours.has(name) && !told.has(name));
    if (untold !== undefined) return say(`the document does not know the header ${untold}`);
    const { content } = answer;
    if (content === undefined) return say(text === "" ? undefined : "it has a body");
    const media = type in content ? type : "*/*";
    if (!(media in content)) return say("the document does not know the type");
    if (method === "HEAD" || !type.endsWith("json")) return undefined;
    const verbOf = operations?.[verb] ? verb : "get";
    const at =
      shared === undefined
        ? ["paths", template, verbOf, "responses", String(status)]
        : ["components", "responses", shared];
    // an object may be JSON of anybody's
    return media === "*/*"
      ? undefined
      : say(bodyProblem([...at, "content", media, "schema"], text));
  };
}

interface Template {
  readonly path: string;
  readonly matches: RegExp;
  readonly parts: number;
  readonly names: number;
}

/** The last of several names takes what is left of a path: keys and parameters hold slashes. */
function readTemplate(path: string): Template {
  const parts = path.split("/");
  const pattern = parts.map((part, index) => {
    if (!part.startsWith("{")) return part.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
    return index === parts.length - 1 && /^\/(?!v1\/)/.test(path) ? ".+" : "[^/]+";
  });
  return {
    path,
    matches: new RegExp(`^${pattern.join("/")}/?$`),
    parts: parts.length,
    names: parts.filter((part) => part.startsWith("{")).length,
  };
}

/** `/config/batch` before `/config/{name}`, and an object before its bucket. */
const nearestFirst = (a: Template, b: Template): number => b.parts - a.parts || a.names - b.names;

const lower = (name: string): string => name.toLowerCase();

const pointerOf = (part: string): string =>
  encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
