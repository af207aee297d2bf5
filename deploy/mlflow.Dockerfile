# MLflow's tracking server for PostgreSQL, from the lock, as nobody in particular on a root that may be read-only.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS environment
COPY requirements/tracking.txt /locks/
RUN python -m venv /opt/mlflow \
    && /opt/mlflow/bin/pip install --no-cache-dir --require-hashes -r /locks/tracking.txt

FROM ${BASE}
COPY --from=environment /opt/mlflow /opt/mlflow
RUN mkdir /artifacts && chown 10001:10001 /artifacts
ENV PATH=/opt/mlflow/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DISABLE_TELEMETRY=true
WORKDIR /tmp
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
ENTRYPOINT ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--artifacts-destination", "/artifacts"]
