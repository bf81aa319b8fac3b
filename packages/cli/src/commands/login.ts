/** `gpu-dev login`, `gpu-dev logout`: an API key for an AWS identity, and its end. */
import { ApiError } from "../api/problem.ts";
import { UnreachableError } from "../api/transport.ts";
import { logIn } from "../auth/log-in.ts";
import { CliError } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import { parseApiUrl } from "../config.ts";
import { timeAndDistance } from "../output/times.ts";

export const login = command({
  name: "login",
  about: "log in with the AWS identity of this shell",
  flags: {
    ...JSON_FLAG,
    profile: {
      value: "NAME",
      about: "AWS profile; else gpu-dev where there is one, else the chain",
    },
    region: {
      value: "REGION",
      about: "whose STS the service asks; else AWS_REGION, the profile's",
    },
    "server-id": { value: "ID", about: "name of the service that is signed for; else its host" },
    raw: { about: "send the credentials themselves, to a service on this machine alone" },
  },
  more: `What is sent is a signature, good for one login at one service: no secret leaves this machine.
Other commands log in by themselves when they need to.`,
  async run({ flags }, context) {
    const { output, clock, config, env, findAwsKeys, keyCache } = context;
    const { url, send } = await context.transport();
    const key = await keyCache.alone(async () => {
      const made = await logIn({
        url,
        transport: send,
        env,
        config: await config(),
        output,
        findAwsKeys,
        profile: flags.profile,
        region: flags.region,
        serverId: flags["server-id"],
        isRaw: flags.raw,
      });
      await keyCache.write(made);
      return made;
    });
    const { username, aws_arn, expires_at } = key;
    if (flags.json) return void output.json({ username, aws_arn, expires_at });
    output.note(`Logged in as ${output.paintNote("bold", username ?? "?")}, ${aws_arn}.`);
    output.note(`The key ends at ${timeAndDistance(expires_at, clock.now())}.`);
    if (env.GPU_DEV_API_KEY)
      output.note("GPU_DEV_API_KEY is set: commands use that key, not this one.");
  },
});

export const logout = command({
  name: "logout",
  about: "end the key of this machine, here and at the service",
  flags: {},
  async run(_given, { output, keyCache, transport, transportTo }) {
    const key = await keyCache.readAny();
    // gone from here whatever the service says
    const wasThere = await keyCache.remove();
    if (!key) {
      output.note(
        wasThere ? "The key of this machine is removed." : "There was no key on this machine.",
      );
      return;
    }
    try {
      // a key is sent to the address that it is of, whichever is configured now
      const send =
        key.api_url === undefined
          ? (await transport()).send
          : transportTo(parseApiUrl(key.api_url, "The address of the key"));
      const authorization = `Bearer ${key.api_key}`;
      const path = `/v1/keys/${key.api_key.slice(0, KEY_PREFIX_LENGTH)}`;
      await send({ method: "DELETE", path, headers: { authorization } });
      output.note("Logged out: the key has ended.");
    } catch (error) {
      const isEnded = error instanceof ApiError && [401, 403, 404].includes(error.problem.status);
      if (isEnded) output.note("Logged out: the key had ended already.");
      else if (error instanceof UnreachableError || error instanceof CliError) {
        output.note(`The key is removed here, but not ended at the service: ${error.message}`);
      } else throw error;
    }
  },
});

/** `gpud_` and eight characters. */
const KEY_PREFIX_LENGTH = 13;
