/** `gpu-dev whoami`: which identity and key requests are made with. */
import type { ApiKeys } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import { facts } from "../output/table.ts";
import { timeAndDistance } from "../output/times.ts";

export const whoami = command({
  name: "whoami",
  about: "show who you are to the service",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const [api, session] = [await context.api(), await context.session()];
    // asked first: a key that is not accepted any more is renewed by that
    const { keys } = await api.get<ApiKeys>("/v1/keys");
    const current = keys.find((key) => key.current);
    const known = await session.known();
    // what a login writes into its key
    const arn = known?.aws_arn ?? /^AWS login from (\S+)$/.exec(current?.description ?? "")?.[1];
    const username =
      known?.username ??
      arn
        ?.split("/")
        .at(-1)
        ?.replace(/[^A-Za-z0-9._-]/g, "-");
    const about = {
      username: username ?? null,
      aws_arn: arn ?? null,
      key_prefix: current?.key_prefix ?? null,
      expires_at: current?.expires_at ?? null,
      api_url: api.url.href.replace(/\/$/, ""),
    };
    if (flags.json) return void output.json(about);
    output.print(
      ...facts([
        ["user", username],
        ["aws identity", arn],
        ["key", current && `${current.key_prefix}…`],
        ["key ends", timeAndDistance(current?.expires_at, clock.now())],
        ["service", about.api_url],
      ]),
    );
  },
});
