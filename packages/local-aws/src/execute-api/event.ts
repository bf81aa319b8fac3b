// What a REST API tells its function of a request, when its methods are of type AWS_PROXY.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html

import type { IncomingMessage } from "node:http";
import type { Principal } from "../auth/sessions.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import type { WireRequest } from "../wire.ts";
import { API } from "./policies.ts";

export interface Invoked {
  readonly message: IncomingMessage;
  readonly request: WireRequest;
  /** As it came, without the stage. */
  readonly path: string;
  readonly principal: Principal;
  readonly accessKey: string;
  readonly requestId: string;
  readonly nowMs: number;
}

/** Of the connection, or of the signature, which the API keeps for itself. */
const NOT_TOLD = new Set([
  "authorization",
  "connection",
  "expect",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
]);

export function eventOf(invoked: Invoked): object {
  const { message, request, path, principal, accessKey, requestId, nowMs } = invoked;
  const { method, query, body } = request;
  const sourceIp = message.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "127.0.0.1";
  const headers = headersOf(message, sourceIp);
  const values = Object.fromEntries([...query].map(([name, all]) => [name, [...all]]));
  return {
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: query.size === 0 ? null : lastOf(values),
    multiValueQueryStringParameters: query.size === 0 ? null : values,
    pathParameters: { proxy: decoded(path.slice(1)) },
    stageVariables: null,
    requestContext: {
      resourceId: "proxy1",
      resourcePath: "/{proxy+}",
      httpMethod: method,
      path: `/${API.stage}${path}`,
      accountId: LOCAL_AWS.accountId,
      protocol: "HTTP/1.1",
      stage: API.stage,
      apiId: API.id,
      domainName: request.headers.host ?? "",
      requestId,
      extendedRequestId: requestId.replaceAll("-", "").slice(0, 15),
      requestTimeEpoch: nowMs,
      identity: {
        cognitoIdentityPoolId: null,
        cognitoIdentityId: null,
        accountId: principal.account,
        caller: principal.userId,
        user: principal.userId,
        userArn: principal.arn,
        accessKey,
        sourceIp,
        userAgent: request.headers["user-agent"] ?? null,
      },
    },
    // the API takes every type of body for binary
    body: body.length === 0 ? null : body.toString("base64"),
    isBase64Encoded: body.length > 0,
  };
}

/** Under the names that were sent, whatever their case. */
function headersOf({ rawHeaders }: IncomingMessage, sourceIp: string): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (NOT_TOLD.has(name.toLowerCase())) continue;
    headers[name] = [...(headers[name] ?? []), value];
  }
  return {
    ...headers,
    "X-Forwarded-For": [sourceIp],
    "X-Forwarded-Port": ["443"],
    "X-Forwarded-Proto": ["https"],
  };
}

const lastOf = (values: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? ""]));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
