/** What `--help` prints. */
export const HELP = `Runs Airlock on this machine: local-aws (an AWS stand-in), aux, Postgres, jobs, local-kubernetes
(which plays a cluster), the processor, and the gateway.

  pnpm start                everything, on seeded data; never reaches a real AWS account
  pnpm start --only=pair    gateway and aux, without jobs and its database
  pnpm dev                  the same as start, restarting a service when its code changes
  pnpm dev --aws            with your own AWS credentials, handed to aux alone
  pnpm dev:aux              aux and the stand-in only
  pnpm dev:jobs             jobs, its database and the stand-in only
  pnpm dev:processor        the processor and its cluster only, beside dev:jobs
  pnpm dev:gateway          the gateway only, in front of AUX_PORT and JOBS_PORT

Options
  --only=all|pair|aux|jobs|processor|gateway   what to run (all)
  --reset                   empty what is kept first: jobs, values and objects
  --seed=FOLDER             values and objects that an empty run begins with, beside the usual ones:
                            parameters.yaml (name: value) and objects/<bucket>/<key>
  --layer-auth              aux and jobs answer the gateway's identity only, the processor that of jobs
  --layer-auth=sigv4        as well aux as a Lambda behind an execution API of the stand-in, which the
                            gateway calls with signatures: all of its requests to aux, or as many as
                            USE_API_GATEWAY_PERCENTAGE says
  --watch                   restart a service when its code changes
  --aws                     use the AWS credentials of this shell instead of the stand-in
  --help                    this text

Variables
  GATEWAY_PORT 8080, AUX_PORT 8081, JOBS_PORT 8000, LOCAL_AWS_PORT 4566, DATABASE_PORT 15432
  PROCESSOR_PORT 8002, PROCESSOR_METRICS_PORT 9093, LOCAL_KUBERNETES_PORT 16443
  GATEWAY_METRICS_PORT 9090, AUX_METRICS_PORT 9091, JOBS_METRICS_PORT 9092
  PORT_OFFSET 0, added to each of them
  DATA_FOLDER, what is kept from one start to the next (.airlock)
  Every setting of the services (docs/settings.md) is handed on, but for those that a run sets itself: it
  names them. AWS_* is handed on with --aws alone.

Everything listens on 127.0.0.1. Ctrl-C stops it all.
`;
