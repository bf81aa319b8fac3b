/** `gpu-dev admin cordon|uncordon|cordons`: types and nodes where no job starts. */
import type { AdminNodes, Availability, Cordon, Cordons } from "@airlock/contract";
import type { Api } from "../../api/api.ts";
import { CliError, EXIT, usageError } from "../../cli-error.ts";
import { command, JSON_FLAG } from "../../command.ts";
import { type Column, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

const OPERAND = [{ name: "TYPE|NODE", names: "gpu type" }] as const;

const nameOf = ({ gpu_type, node_name }: Pick<Cordon, "gpu_type" | "node_name">): string =>
  gpu_type === null ? `node ${node_name}` : `type ${gpu_type}`;

const columns = (now: number): readonly Column<Cordon>[] => [
  { title: "CLOSED", text: nameOf },
  { title: "REASON", text: ({ reason }) => reason },
  { title: "BY", text: ({ set_by }) => set_by, rank: 1 },
  { title: "SINCE", text: ({ set_at }) => relative(set_at, now) },
];

/** A type's name where it is one, else a node's. @throws CliError for what is neither, or both. */
async function targetOf(name: string, api: Api) {
  const [types, { nodes }] = await Promise.all([
    api.get<Availability>("/v1/gpu/availability"),
    api.get<AdminNodes>("/v1/admin/nodes"),
  ]);
  const gpu_type = Object.keys(types.availability).find((type) => type === name.toLowerCase());
  const isNode = nodes.some(({ node_name, gone_at }) => node_name === name && gone_at === null);
  if (gpu_type !== undefined && isNode) {
    throw usageError(`${name} is a type and a node: say it by the API (POST /v1/admin/cordons).`);
  }
  if (gpu_type !== undefined) return { gpu_type };
  if (isNode) return { node_name: name };
  throw new CliError(EXIT.notFound, `There is no type or node ${JSON.stringify(name)}.`, {
    next: "`gpu-dev avail` has the types, `gpu-dev admin nodes` the nodes.",
  });
}

export const cordon = command({
  name: "admin cordon",
  about: "close a type or a node: no job starts there, those that run go on",
  operands: OPERAND,
  flags: {
    reason: { value: "TEXT", about: "why; users whose jobs wait for it read it" },
    ...JSON_FLAG,
  },
  examples: ["gpu-dev admin cordon h100 --reason 'New drivers until 14:00 UTC.'"],
  async run({ flags, operands: [name = ""] }, context) {
    const { reason } = flags;
    if (reason === undefined) {
      throw usageError("Say why with --reason: users whose jobs wait for it read it.");
    }
    const api = await context.api();
    const target = await targetOf(name, api);
    const answer = await api.post<Cordon>("/v1/admin/cordons", { ...target, reason });
    if (flags.json) return void context.output.json(answer);
    context.output.note(`No job starts on ${nameOf(answer)} from now on.`);
  },
});

export const uncordon = command({
  name: "admin uncordon",
  about: "open a type or a node again",
  operands: OPERAND,
  flags: JSON_FLAG,
  async run({ flags, operands: [name = ""] }, context) {
    const api = await context.api();
    const { cordons } = await api.get<Cordons>("/v1/admin/cordons");
    // one that is gone meanwhile is opened as well
    const found = cordons.find(
      (one) => one.gpu_type === name.toLowerCase() || one.node_name === name,
    );
    if (found === undefined) {
      throw new CliError(EXIT.notFound, `${JSON.stringify(name)} is not closed.`, {
        next: "`gpu-dev admin cordons` has what is.",
      });
    }
    const { gpu_type, node_name } = found;
    const target = gpu_type === null ? { node_name } : { gpu_type };
    const left = await api.post<Cordons>("/v1/admin/cordons/lift", target);
    if (flags.json) return void context.output.json(left);
    context.output.note(`Jobs start on ${nameOf(found)} again.`);
  },
});

export const cordonList = command({
  name: "admin cordons",
  about: "list types and nodes that are closed, and why",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const found = await (await context.api()).get<Cordons>("/v1/admin/cordons");
    if (flags.json) return void output.json(found);
    output.print(...table(columns(clock.now()), found.cordons, output.width));
  },
});
