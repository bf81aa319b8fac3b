/** The Applications that the ApplicationSet makes, as Argo CD would make them. */
import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import { asObject, isMapping, type K8sObject } from "./objects.ts";

/** Expands list generators and `{{.name}}`, which is all of the template language in use. @throws Error */
export function applicationsOf(applicationSet: K8sObject): (K8sObject & IApplication)[] {
  const spec = applicationSet.spec as {
    generators: readonly { list?: { elements?: readonly Record<string, string>[] } }[];
    template: Record<string, unknown>;
  };
  const elements = spec.generators.flatMap(({ list }) => list?.elements ?? []);
  return elements.map((element) => {
    const filled = fill(spec.template, element);
    const object = {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      ...(filled as object),
    };
    return asObject(object, "the ApplicationSet's template") as K8sObject & IApplication;
  });
}

function fill(node: unknown, values: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(node)) return node.map((item) => fill(item, values));
  if (isMapping(node)) {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, fill(value, values)]),
    );
  }
  if (typeof node !== "string") return node;
  return node.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the generator has no value for ${name}`);
    return value;
  });
}
