// Input constraints, reported in the words AWS uses for STS and SSM alike.

/** What one member must satisfy. Only the constraints given are looked at. */
export interface Constraint {
  readonly member: string;
  readonly value: string | number | readonly unknown[] | undefined;
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
  /** A secret value is never repeated in an answer. */
  readonly sensitive?: boolean;
}

function broken(rule: Constraint): string[] {
  const { value } = rule;
  if (value === undefined) return rule.required ? ["Member must not be null"] : [];
  const found: string[] = [];
  const must = (holds: boolean, text: string) => {
    if (!holds) found.push(text);
  };
  if (typeof value === "number") {
    if (rule.min !== undefined) {
      must(value >= rule.min, `Member must have value greater than or equal to ${rule.min}`);
    }
    if (rule.max !== undefined) {
      must(value <= rule.max, `Member must have value less than or equal to ${rule.max}`);
    }
    return found;
  }
  if (rule.minLength !== undefined) {
    must(
      value.length >= rule.minLength,
      `Member must have length greater than or equal to ${rule.minLength}`,
    );
  }
  if (rule.maxLength !== undefined) {
    must(
      value.length <= rule.maxLength,
      `Member must have length less than or equal to ${rule.maxLength}`,
    );
  }
  if (typeof value === "string" && rule.pattern !== undefined) {
    const text = rule.pattern.source.replace(/^\^/, "").replace(/\$$/, "");
    must(rule.pattern.test(value), `Member must satisfy regular expression pattern: ${text}`);
  }
  if (typeof value === "string" && rule.oneOf !== undefined) {
    must(
      rule.oneOf.includes(value),
      `Member must satisfy enum value set: [${rule.oneOf.join(", ")}]`,
    );
  }
  return found;
}

function shown(rule: Constraint): string {
  if (rule.value === undefined) return "Value null";
  if (rule.sensitive) return "Value '*** Sensitive Data Redacted ***'";
  return `Value '${Array.isArray(rule.value) ? `[${rule.value.join(", ")}]` : rule.value}'`;
}

/** The message AWS would answer with, or undefined when every constraint holds. */
export function constraintMessage(rules: readonly Constraint[]): string | undefined {
  const all = rules.flatMap((rule) =>
    broken(rule).map(
      (text) => `${shown(rule)} at '${rule.member}' failed to satisfy constraint: ${text}`,
    ),
  );
  if (all.length === 0) return undefined;
  const count = all.length === 1 ? "1 validation error" : `${all.length} validation errors`;
  return `${count} detected: ${all.join("; ")}`;
}
