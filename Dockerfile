# The image of one service: gateway, aux, jobs, processor, local-aws or local-kubernetes, chosen by --build-arg
# SERVICE. That of jobs migrates its database as well: node_modules/@airlock/jobs-store/dist/migrate-main.js.
# SERVICE=devbox is no service but what the processor brings into the pods of jobs.
#
# Everything before the first ARG SERVICE is the same for all of them, so the second build starts
# at that line. CI passes NODE_IMAGE with a digest; the tag is for builds by hand.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
# which of the stages below is the image
ARG SERVICE=none

# --- the workspace's package.json files alone: an edit of a source leaves the install layer valid
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name package.json ! -name pnpm-lock.yaml ! -name pnpm-workspace.yaml -delete

# --- install and compile: JavaScript only, so this runs on the builder's own architecture
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
ENV CI=1
RUN npm install --global --no-audit --no-fund pnpm@12.21.0
WORKDIR /src
COPY --from=manifests /src ./
# without scripts: the only one in the tree fetches a second Node, and the image brings its own
RUN pnpm install --frozen-lockfile --ignore-scripts \
      --filter "{.}" --filter "@airlock/gateway..." --filter "@airlock/aux..." \
      --filter "@airlock/jobs..." --filter "@airlock/processor..." --filter "@airlock/local-aws..." \
      --filter "@airlock/local-kubernetes..."
COPY . .
# what there are images of, and what those stand on: nothing else has been installed
RUN node_modules/.bin/tsc -b services/gateway services/aux services/jobs services/processor \
      packages/local-aws packages/local-kubernetes

ARG SERVICE
RUN case "${SERVICE}" in \
      gateway|aux|jobs|processor|local-aws|local-kubernetes) ;; \
      api) echo "SERVICE=api: the public service is called gateway here; build it with --build-arg SERVICE=gateway" >&2; exit 1 ;; \
      *) echo "SERVICE=${SERVICE}: must be gateway, aux, jobs, processor, local-kubernetes or local-aws" >&2; exit 1 ;; \
    esac \
 && pnpm --filter "@airlock/${SERVICE}" deploy --prod --ignore-scripts /out \
 && find /out -name '*.d.ts' -delete -o -name '*.d.ts.map' -delete -o -name .tsbuildinfo -delete \
 && rm -f /out/pnpm-lock.yaml /out/pnpm-workspace.yaml

# --- what both of the next two start from: Node without any package manager
FROM ${NODE_IMAGE} AS base
RUN rm -rf /usr/local/lib/node_modules /usr/local/include/node /opt/yarn* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    PORT=8080
WORKDIR /app

# --- one start and stop fills the compile cache, on the architecture that will read it
FROM base AS warm
COPY --from=build /out ./
RUN mkdir .compile-cache && chown 1000:1000 .compile-cache
USER 1000
# Any free port, and AWS and a database at addresses that lead nowhere: a start needs no network.
# As dev, because prod asks for choices that no build can make.
RUN ENVIRONMENT=dev HOST=127.0.0.1 PORT=0 METRICS_PORT=0 DRAIN_DELAY_SECONDS=0 AWS_ENDPOINT_URL=http://127.0.0.1:9 \
      DATABASE_URL=postgresql://127.0.0.1:9/none ALLOWED_AWS_ACCOUNTS=111122223333 \
      LOCAL_KUBERNETES_KUBECONFIG=/tmp/kubeconfig \
      node --enable-source-maps dist/main.js >/tmp/start.log & pid=$!; \
    until grep -q '"msg":"listening"' /tmp/start.log; do kill -0 $pid || exit 1; sleep 0.2; done; \
    kill -TERM $pid && wait $pid
# Node keeps a folder for each uid: 1000 is this image's user, 10001 the one in k8s/. Any other uid
# starts without the cache, as does a Node that differs from this one. It belongs to root, so that no
# process can leave code there for the next one.
USER root
RUN for folder in .compile-cache/*-1000; do ln -s "${folder##*/}" "${folder%-1000}-10001"; done \
 && chown -R root:root .compile-cache && chmod -R a+rX,go-w .compile-cache

FROM base AS service
ARG SERVICE
ARG VERSION=unknown
ARG GIT_SHA=unknown
ARG BUILD_TIME=unknown
LABEL org.opencontainers.image.title="airlock-${SERVICE}" \
      org.opencontainers.image.description="Airlock: ${SERVICE}" \
      org.opencontainers.image.source="https://github.com/example/airlock" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_SHA}" \
      org.opencontainers.image.created="${BUILD_TIME}"
COPY --from=warm /app ./
# where stand-ins keep what they have: a volume that is mounted there takes over whose the folder is
RUN case "${SERVICE}" in local-*) install -d -m 0700 -o 10001 -g 10001 /data ;; esac
# ENVIRONMENT is left out on purpose: unset means prod, the strictest
ENV SERVICE_NAME=${SERVICE} \
    VERSION=${VERSION} \
    GIT_SHA=${GIT_SHA} \
    BUILD_TIME=${BUILD_TIME}
USER 1000
EXPOSE 8080 9090
# stand-ins have no /livez and refuse it in their own words: any answer below 500 is a sign of life
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((answer) => process.exit(answer.status < 500 ? 0 : 1), () => process.exit(1))"]
# Node is PID 1 and handles SIGTERM itself; a shell in between would swallow it
CMD ["node", "--enable-source-maps", "dist/main.js"]

# --- the tools of jobs' pods, for any architecture on the builder's own: programs of Debian, none of which is run here
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS tools
RUN apt-get update && apt-get install --yes --no-install-recommends patchelf
COPY devbox /src/devbox
# without a default, which would win over what the builder says of the platform
ARG TARGETARCH
RUN sh /src/devbox/build.sh "${TARGETARCH:-$(dpkg --print-architecture)}"

FROM scratch AS devbox
ARG VERSION=unknown
ARG GIT_SHA=unknown
ARG BUILD_TIME=unknown
LABEL org.opencontainers.image.title="airlock-devbox" \
      org.opencontainers.image.description="Airlock: what is brought into the pods of jobs" \
      org.opencontainers.image.source="https://github.com/example/airlock" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_SHA}" \
      org.opencontainers.image.created="${BUILD_TIME}"
COPY --from=tools /opt/airlock /opt/airlock
USER 1000
CMD ["/opt/airlock/bin/busybox", "ls", "/opt/airlock"]

# --- SERVICE names one of these; whoever names none of them is told by the build
FROM service AS gateway
FROM service AS aux
FROM service AS jobs
FROM service AS processor
FROM service AS local-aws
FROM service AS local-kubernetes
FROM service AS api
FROM service AS none
FROM ${SERVICE}
