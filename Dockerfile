# One image for all services of the example: which one runs is said by the command.
#   docker build --tag logfold-example .
#   docker run --env DATABASE_URL=… --env KAFKA_BROKERS=… logfold-example apps/ordering/dist/main.js

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY . .
# Without optional dependencies: they are the Node and the Postgres of those who have none.
RUN npm ci --omit=optional --ignore-scripts && npx tsc -b apps/retail apps/inventory apps/ordering apps/insight apps/replenishment apps/catalog libs/cli

FROM build AS pruned
# The sources and what only tests need stay behind.
RUN npm prune --omit=dev --omit=optional --ignore-scripts \
  && rm -rf bench docs test scripts libs/testing libs/dev-services \
  && find libs apps -name '*.spec.*' -delete

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=pruned --chown=root:root /app /app
# Nobody may write to what runs.
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is the first process, so that it gets the signals.
ENTRYPOINT ["node", "--enable-source-maps", "--import", "./apps/hosting/dist/telemetry.js"]
CMD ["apps/retail/dist/main.js"]
