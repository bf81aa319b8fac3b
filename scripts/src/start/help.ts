/** What `--help` prints. */
export const HELP = `Runs Airlock on this machine: local-aws (an AWS stand-in), aux, Postgres, jobs, and the gateway.

  pnpm start                everything, on seeded data; never reaches a real AWS account
  pnpm start --only=pair    gateway and aux, without jobs and its database
  pnpm dev                  the same as start, restarting a service when its code changes
  pnpm dev --aws            with your own AWS credentials, handed to aux alone
  pnpm dev:aux              aux and the stand-in only
  pnpm dev:gateway          the gateway only, in front of AUX_PORT

Options
  --only=all|pair|aux|gateway   what to run (all)
  --reset                   empty the database of jobs first
  --layer-auth              aux and jobs answer the gateway's identity only; an issuer here plays the cluster
  --watch                   restart a service when its code changes
  --aws                     use the AWS credentials of this shell instead of the stand-in
  --help                    this text

Variables
  GATEWAY_PORT 8080, AUX_PORT 8081, JOBS_PORT 8000, LOCAL_AWS_PORT 4566
  GATEWAY_METRICS_PORT 9090, AUX_METRICS_PORT 9091, JOBS_METRICS_PORT 9092
  DATA_FOLDER, where Postgres and the key of env_vars are kept (.airlock; Postgres below TMPDIR for root)
  LOG_LEVEL, LOG_SAMPLE, DOCS, ALLOWED_HOSTS, DRAIN_DELAY_SECONDS, MAX_IN_FLIGHT,
  RATE_LIMIT_PER_MINUTE, LOGIN_RATE_PER_MINUTE, TRUST_PROXY, GATEWAY_AUTH, GATEWAY_JWT_* and
  API_KEY_TTL_HOURS are handed on; with --aws also ALLOWED_AWS_ACCOUNTS (the caller's) and ALLOWED_AWS_ROLE.

Everything listens on 127.0.0.1. Ctrl-C stops it all.
`;
