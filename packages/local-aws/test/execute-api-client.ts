// A client of the execution API whose signer is the library's, and that can change what it has signed.

import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";
import { INVOKE_SESSIONS, LOCAL_AWS } from "@airlock/local-aws";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../src/auth/verify-signature.ts";
import { parseQuery } from "../src/wire.ts";

export interface Called {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Undefined signs nothing. */
  readonly keys?:
    | { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
    | undefined;
  /** Signs instead of the library. */
  readonly sign?: Sign;
  readonly region?: string;
  readonly service?: string;
  readonly date?: Date;
  /** Done when the head of the answer is there, and before any of its body is read. */
  readonly beforeBody?: () => void | Promise<void>;
  /** What is sent in the place of what was signed; headers beside those. */
  readonly changed?: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

type Sign = (outgoing: {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body?: string | undefined;
}) => { readonly path: string; readonly headers: readonly string[] };

/** @param path behind the stage, with its query, as it goes on the wire. */
export async function callApi(
  url: string,
  path: string,
  options: CallOptions = {},
): Promise<Called> {
  const { method = "GET", body, changed = {} } = options;
  const { host, port, hostname } = new URL(url);
  const base = "/execute-api/prod";
  const headers = { host, ...options.headers };
  const isSigned = !("keys" in options) || options.keys !== undefined;
  const target = `${base}${path}`;
  const own = isSigned && options.sign?.({ method, path: target, headers: flat(headers), body });
  const signed =
    isSigned && !own
      ? await sign(target, { ...options, method, headers })
      : headersOf(own, headers);
  const sent = changed.body ?? body;
  const call = httpRequest({
    hostname,
    port,
    agent: false,
    method: changed.method ?? method,
    path: changed.path === undefined ? (own ? own.path : target) : `${base}${changed.path}`,
    headers: {
      ...signed,
      ...changed.headers,
      ...(sent !== undefined && { "content-length": String(Buffer.byteLength(sent)) }),
    },
  });
  const answer = new Promise<Called>((resolve, reject) => {
    call.once("error", reject);
    call.once("response", (message) => {
      const { statusCode: status = 0, headers: given } = message;
      const body = Promise.resolve(options.beforeBody?.()).then(() => buffer(message));
      body.then((bytes) => resolve({ status, headers: given, body: bytes }), reject);
    });
  });
  call.end(sent);
  return answer;
}

const flat = (headers: Readonly<Record<string, string>>) => Object.entries(headers).flat();

function headersOf(own: ReturnType<Sign> | false | undefined, otherwise: Record<string, string>) {
  if (!own) return otherwise;
  const pairs = own.headers.flatMap((name, i) =>
    i % 2 === 0 ? [[name, own.headers[i + 1] ?? ""]] : [],
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

async function sign(
  target: string,
  options: CallOptions & { method: string; headers: Record<string, string> },
): Promise<Record<string, string>> {
  const { method, headers, body, date = new Date() } = options;
  const [path = "", text = ""] = target.split("?");
  const query = Object.fromEntries(parseQuery(text));
  const signer = new SignatureV4({
    service: options.service ?? "execute-api",
    region: options.region ?? LOCAL_AWS.region,
    credentials: options.keys ?? INVOKE_SESSIONS.gateway,
    sha256: Sha256,
  });
  const request = { method, path, query, headers, body, protocol: "http:", hostname: "" };
  return (await signer.sign(request, { signingDate: date })).headers;
}

/** What an answer of the API itself says, without what differs each time. */
export const wordsOf = ({ status, headers, body }: Called): string =>
  `${status} ${headers["x-amzn-errortype"]} ${body}`;
