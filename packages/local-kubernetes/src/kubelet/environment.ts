/** What a container's process is given: its variables, its command with them put in, and nothing of this process's own. */
import {
  type Container,
  type Json,
  jsonOf,
  listOf,
  type PodObject,
  type StoredObject,
  textOf,
} from "../objects.ts";

/** Something that a container needs is not there: the kubelet waits for it and says so. */
export class ConfigError extends Error {}

export interface Surroundings {
  readonly pod: PodObject;
  readonly secret: (name: string) => StoredObject | undefined;
  readonly podIP: string;
  readonly home: string;
  readonly tmp: string;
}

/** @throws ConfigError */
export function environmentOf(container: Container, around: Surroundings): Record<string, string> {
  const env: Record<string, string> = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOSTNAME: around.pod.metadata.name,
    HOME: around.home,
    TMPDIR: around.tmp,
    LANG: "C.UTF-8",
  };
  const secretOf = (name: string, isOptional: boolean): Readonly<Record<string, string>> => {
    const secret = around.secret(name);
    if (secret === undefined && !isOptional) throw new ConfigError(`secret "${name}" not found`);
    return jsonOf(secret?.data) as Readonly<Record<string, string>>;
  };
  for (const source of listOf(container.envFrom).map(jsonOf)) {
    const reference = jsonOf(source.secretRef);
    const data = secretOf(textOf(reference.name), reference.optional === true);
    for (const [key, value] of Object.entries(data)) {
      env[textOf(source.prefix) + key] = Buffer.from(value, "base64").toString();
    }
  }
  for (const { name, value = "", valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) {
      env[name] = expand(value, env);
      continue;
    }
    const key = jsonOf(valueFrom.secretKeyRef);
    const field = textOf(jsonOf(valueFrom.fieldRef).fieldPath);
    if (field !== "") env[name] = fieldOf(field, around);
    if (textOf(key.name) === "") continue;
    const found = secretOf(textOf(key.name), key.optional === true)[textOf(key.key)];
    if (found !== undefined) env[name] = Buffer.from(found, "base64").toString();
    else if (key.optional !== true) {
      throw new ConfigError(
        `couldn't find key ${textOf(key.key)} in Secret ${around.pod.metadata.namespace}/${textOf(key.name)}`,
      );
    }
  }
  return env;
}

/** Empty where the image would say what to run: images are not run here. */
export const commandOf = (container: Container, env: Readonly<Record<string, string>>): string[] =>
  container.command === undefined
    ? []
    : [...container.command, ...(container.args ?? [])].map((word) => expand(word, env));

/** `$(NAME)` is the variable's value, `$$(NAME)` is left as `$(NAME)`, and so is what is not there. */
export const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : Object.hasOwn(env, name) ? (env[name] ?? found) : found,
  );

function fieldOf(path: string, { pod, podIP }: Surroundings): string {
  const { metadata, spec } = pod;
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined) return textOf(jsonOf((metadata as unknown as Json)[map])[key]);
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName,
    "status.podIP": podIP,
    "status.hostIP": "127.0.0.1",
  };
  return fields[path] ?? "";
}
