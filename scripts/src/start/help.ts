/** What `--help` prints. */
export const HELP = `Runs Airlock on this machine: local-aws (an AWS stand-in), aux, and the gateway.

  pnpm start                the pair, on seeded data; never reaches a real AWS account
  pnpm dev                  the same, restarting a service when its code changes
  pnpm dev --aws            with your own AWS credentials, handed to aux alone
  pnpm dev:aux              aux and the stand-in only
  pnpm dev:gateway          the gateway only, in front of AUX_PORT

Options
  --only=pair|aux|gateway   what to run (pair)
  --layer-auth              aux answers the gateway's identity only; an issuer here plays the cluster
  --watch                   restart a service when its code changes
  --aws                     use the AWS credentials of this shell instead of the stand-in
  --help                    this text

Variables
  GATEWAY_PORT 8080, AUX_PORT 8081, LOCAL_AWS_PORT 4566
  GATEWAY_METRICS_PORT 9090, AUX_METRICS_PORT 9091
  LOG_LEVEL, LOG_SAMPLE, DOCS, ALLOWED_HOSTS, DRAIN_DELAY_SECONDS, MAX_IN_FLIGHT,
  RATE_LIMIT_PER_MINUTE, TRUST_PROXY, GATEWAY_AUTH and GATEWAY_JWT_* are handed on.

Everything listens on 127.0.0.1. Ctrl-C stops it all.
`;
