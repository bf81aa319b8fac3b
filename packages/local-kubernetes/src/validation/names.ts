/** Names, labels and keys: their grammars, in the words of a real server (k8s.io/apimachinery util/validation). */
import type { Fault } from "../refusal.ts";

export interface Grammar {
  readonly pattern: RegExp;
  readonly maxLength: number;
  readonly words: string;
}

const LABEL_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

export const SUBDOMAIN: Grammar = {
  pattern: new RegExp(`^${LABEL_PART}(\\.${LABEL_PART})*$`),
  maxLength: 253,
  words: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${LABEL_PART}(\\.${LABEL_PART})*')`,
};

export const DNS_LABEL: Grammar = {
  pattern: new RegExp(`^${LABEL_PART}$`),
  maxLength: 63,
  words: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL_PART}')`,
};

export const DNS_1035_LABEL: Grammar = {
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  maxLength: 63,
  words:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
};

const QUALIFIED_NAME: Grammar = {
  pattern: new RegExp(`^${QUALIFIED}$`),
  maxLength: 63,
  words: `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`,
};

const LABEL_VALUE: Grammar = {
  pattern: new RegExp(`^(${QUALIFIED})?$`),
  maxLength: 63,
  words: `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${QUALIFIED})?')`,
};

export const ENV_NAME: Grammar = {
  pattern: /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
  maxLength: Number.POSITIVE_INFINITY,
  words:
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
};

export const CONFIG_KEY: Grammar = {
  pattern: /^[-._a-zA-Z0-9]+$/,
  maxLength: 253,
  words:
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
};

export function checkGrammar(field: string, value: string, grammar: Grammar): Fault[] {
  const faults: Fault[] = [];
  if (value.length > grammar.maxLength) {
    faults.push(invalidValue(field, value, `must be no more than ${grammar.maxLength} characters`));
  }
  if (!grammar.pattern.test(value)) faults.push(invalidValue(field, value, grammar.words));
  return faults;
}

/** A key of labels, annotations, taints and resources: `name`, or `prefix/name`. */
export function checkQualifiedName(field: string, key: string): Fault[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) {
    return [
      invalidValue(
        field,
        key,
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/'",
      ),
    ];
  }
  const prefix = parts.length === 2 ? (parts[0] ?? "") : undefined;
  return [
    ...(prefix === undefined ? [] : checkGrammar(field, prefix, SUBDOMAIN)),
    ...checkGrammar(field, name, QUALIFIED_NAME).map((fault) => ({
      ...fault,
      message: fault.message.replace(JSON.stringify(name), JSON.stringify(key)),
    })),
  ];
}

export function checkLabels(field: string, labels: Readonly<Record<string, string>>): Fault[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(field, key),
    ...checkGrammar(field, value, LABEL_VALUE),
  ]);
}

export const required = (field: string, words = ""): Fault => ({
  field,
  reason: "FieldValueRequired",
  message: words === "" ? "Required value" : `Required value: ${words}`,
});

export const invalidValue = (field: string, value: string | number, words: string): Fault => ({
  field,
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${words}`,
});

export const forbidden = (field: string, words: string): Fault => ({
  field,
  reason: "FieldValueForbidden",
  message: `Forbidden: ${words}`,
});

export const duplicate = (field: string, value: string): Fault => ({
  field,
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

export const notSupported = (field: string, value: string, all: readonly string[]): Fault => ({
  field,
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${all.map((one) => JSON.stringify(one)).join(", ")}`,
});
