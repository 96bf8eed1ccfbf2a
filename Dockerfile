# One file, two images:
#   slim  gateway, action server, demo portal (no Rasa, no TensorFlow)
#   full  Rasa and training
#
#   docker build --target slim -t troly-slim .
#   docker build --target full -t troly-full .

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:$PATH


# The packages are installed where uv is, and only they are copied on.
FROM base AS packages
RUN pip install --no-cache-dir --disable-pip-version-check 'uv>=0.8'
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN uv venv --python /usr/local/bin/python /opt/venv
COPY pyproject.toml README.md LICENSE ./


FROM packages AS packages-slim
COPY requirements.slim.lock ./
RUN uv pip sync --python /opt/venv --require-hashes requirements.slim.lock
COPY actions actions
# The texts that citizens read: the console shows and checks them.
COPY bot/responses bot/responses
COPY channels channels
COPY console console
COPY nlu_data nlu_data
COPY portal portal
COPY troly troly
RUN uv pip install --python /opt/venv --no-deps --editable .


FROM packages AS packages-full
COPY requirements.lock ./
# The lock also holds the development tools; the three large ones have no business here (200 MB).
RUN uv pip sync --python /opt/venv --require-hashes requirements.lock \
    && uv pip uninstall --python /opt/venv mypy playwright ruff
COPY . .
RUN uv pip install --python /opt/venv --no-deps --editable .


FROM base AS runtime
# Everything that is written goes to the two volumes and to /tmp, so the root file system may be
# read-only. Libraries that want a home directory get a temporary one.
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin troly \
    && install -d -o troly -g troly -m 0750 /data /models
ENV HOST=0.0.0.0 \
    DATA_DIR=/data \
    MODEL_DIR=/models \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    RASA_CACHE_DIRECTORY=/tmp/rasa-cache
WORKDIR /app
VOLUME ["/data", "/models"]
USER troly
ENTRYPOINT ["troly"]


FROM runtime AS slim
COPY --from=packages-slim /opt/venv /opt/venv
COPY --from=packages-slim /app /app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["serve", "--only", "gateway"]


FROM runtime AS full
COPY --from=packages-full /opt/venv /opt/venv
COPY --from=packages-full /app /app
EXPOSE 5005
# Loading the model takes a while. There must be one: `docker run troly-full train` makes it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5005/status', timeout=4)"]
CMD ["serve", "--only", "rasa"]
