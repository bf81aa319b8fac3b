/** How a key that opens nothing is answered: status, problem code, challenge. */
import type { KeyLookup } from "./key-state.ts";

/** Everything but `valid`; `missing` and `malformed` are found without a look-up. */
export type RefusedKeyState = Exclude<KeyLookup["state"], "valid"> | "missing" | "malformed";

export interface KeyRefusal {
  readonly status: 401 | 403;
  /** A code of packages/contract. */
  readonly code: `api_key_${RefusedKeyState}`;
  /** For the client. */
  readonly detail: string;
  /** RFC 6750 §3. */
  readonly wwwAuthenticate: string;
}

const invalid = (description: string): string =>
  `Bearer error="invalid_token", error_description="${description}"`;

/** 401: the key proves nothing. 403: it is a real one, and another login is needed, or a person. */
export const KEY_REFUSALS: { readonly [S in RefusedKeyState]: KeyRefusal } = {
  missing: {
    status: 401,
    code: "api_key_missing",
    detail: "Send an API key as `Authorization: Bearer <key>`; a login gives one.",
    wwwAuthenticate: "Bearer",
  },
  malformed: {
    status: 401,
    code: "api_key_malformed",
    detail: "What was sent is not an API key; perhaps it was cut off.",
    wwwAuthenticate: invalid("malformed"),
  },
  unknown: {
    status: 401,
    code: "api_key_unknown",
    detail: "There is no such API key.",
    wwwAuthenticate: invalid("unknown"),
  },
  expired: {
    status: 403,
    code: "api_key_expired",
    detail: "The API key has expired; log in again.",
    wwwAuthenticate: invalid("expired"),
  },
  revoked: {
    status: 403,
    code: "api_key_revoked",
    detail: "The API key has been revoked or replaced; log in again.",
    wwwAuthenticate: invalid("revoked"),
  },
  disabled: {
    status: 403,
    code: "api_key_disabled",
    detail: "The user of this API key is disabled.",
    wwwAuthenticate: invalid("user disabled"),
  },
  wrong_role: {
    status: 403,
    code: "api_key_wrong_role",
    detail: "The account or role of this API key may not be used here any more.",
    wwwAuthenticate: invalid("wrong role"),
  },
};
