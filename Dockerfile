# One image for each service:  docker build --build-arg SERVICE=fiedler -t mad/fiedler .
# The slow layers come first and change with the lockfile alone; a change of source makes the last anew.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/protocol/package.json packages/protocol/
COPY packages/bus/package.json packages/bus/
COPY packages/tasks/package.json packages/tasks/
COPY packages/imperator/package.json packages/imperator/
COPY packages/mad/package.json packages/mad/
COPY packages/ssh/package.json packages/ssh/
COPY services/console/package.json services/console/
COPY services/fiedler/package.json services/fiedler/
COPY services/grace/package.json services/grace/
COPY services/group/package.json services/group/
COPY services/operator/package.json services/operator/
COPY services/rogers/package.json services/rogers/
COPY services/sequential-thinking/package.json services/sequential-thinking/

FROM manifests AS dependencies
ARG SERVICE
RUN npm ci --ignore-scripts --omit=dev --omit=optional --workspace "services/${SERVICE}"
COPY scripts/prune-image.mjs scripts/
RUN node scripts/prune-image.mjs

# The console's page, which Rogers serves. It is the same for every service, and so built once.
FROM manifests AS console
RUN npm ci --ignore-scripts --workspace services/console
COPY tsconfig.json ./
COPY services/console services/console
RUN npm run build --workspace services/console

FROM ${BASE} AS sources
ARG SERVICE
WORKDIR /app
COPY --from=dependencies /app/node_modules/@mad-group node_modules/@mad-group
COPY scripts/prune-image.mjs scripts/
COPY packages packages
COPY services/${SERVICE} services/${SERVICE}
COPY services/console/package.json services/console/
COPY --from=console /app/services/console/dist services/console/dist
RUN node scripts/prune-image.mjs --sources

FROM ${BASE} AS service
ARG SERVICE
# The heap follows the container's memory limit; the rest is for buffers and SQLite.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-old-space-size-percentage=65 \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    FIEDLER_SSH_PORT=2222 \
    ROGERS_SSH_PORT=2222 \
    SSH_AUTHORIZED_KEYS=/etc/mad/ssh/authorized_keys \
    MAD_ID=${SERVICE}
RUN mkdir /data && chown node:node /data \
 && ln -s /app/packages/mad/bin/mad-cli.mjs /usr/local/bin/mad-cli \
 && ln -s /app/packages/mad/bin/mad-status.mjs /usr/local/bin/mad-status
COPY LICENSE /app/
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=sources /app/packages /app/packages
COPY --from=sources /app/services /app/services
WORKDIR /app/services/${SERVICE}
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1 and hears SIGTERM; it starts no children that would have to be reaped.
CMD ["node", "src/main.ts"]
# Last, since a new revision must not make the layers before it anew.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mad-${SERVICE}" \
      org.opencontainers.image.description="A MAD of the MAD Group: ${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"

# For the Tiltfile: sources can be replaced in the running container, which then starts anew.
FROM service AS development
USER root
RUN chown -R node:node /app/packages /app/services
USER node
CMD ["node", "--watch", "--watch-preserve-output", "src/main.ts"]

# The operator renders the charts with Helm itself.
FROM alpine/helm:3.22.0 AS helm
FROM service AS operator
COPY --from=helm /usr/bin/helm /usr/local/bin/helm
COPY charts/mad-group /app/charts/mad-group

# What a build without --target gives.
FROM service
