// Builds the XML answers of STS and S3 from plain objects.

export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [name: string]: XmlContent };

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escapeText(text: string): string {
  // Control characters are legal in S3 keys; S3 writes them as character references.
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be escaped.
    /[&<>"\u0000-\u001f]/g,
    (char) => ESCAPES[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  );
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((item) => element(name, item)).join("");
  if (typeof content === "object") return `<${name}>${elements(content)}</${name}>`;
  return `<${name}>${escapeText(String(content))}</${name}>`;
}

function elements(content: object): string {
  return Object.entries(content)
    .map(([name, inner]: [string, XmlContent]) => element(name, inner))
    .join("");
}

/** A whole document. `undefined` members are left out, arrays repeat their element. */
export function xmlDocument(
  root: string,
  content: { readonly [name: string]: XmlContent },
  namespace?: string,
): string {
  const xmlns = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${xmlns}>${elements(content)}</${root}>`;
}
