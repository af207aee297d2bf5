"""The container file of a Bento: built from the Bento store, run as nobody in particular on a root that is read-only.

``docker build -f STORE/bentos/NAME/VERSION/env/docker/Dockerfile -t NAME:VERSION STORE``
"""

import sys
from pathlib import Path
from string import Template

from tatara.core.files import write_text

USER = 10001
"""User and group that it runs as; no account of the host has that number by itself."""
FILE = Path("env", "docker", "Dockerfile")
_TEMPLATE = Template("""\
# Build it in the Bento store, which holds the model too:
#   docker build -f bentos/$place/env/docker/Dockerfile -t $tag .
# Give BASE with a digest where images are pinned; OBSERVE=1 adds the prediction log and the export of traces.
ARG BASE=python:$python-slim-bookworm

FROM $${BASE} AS environment
ARG OBSERVE=0
COPY bentos/$place/env/python/requirements.txt bentos/$place/env/python/observe.txt /locks/
RUN python -m venv /opt/tatara \\
    && /opt/tatara/bin/pip install --no-cache-dir --require-hashes -r /locks/requirements.txt \\
    && if [ "$${OBSERVE}" = 1 ]; then \\
        /opt/tatara/bin/pip install --no-cache-dir --require-hashes -r /locks/observe.txt; \\
    fi

FROM $${BASE}
COPY --from=environment /opt/tatara /opt/tatara
COPY models/$place /opt/store/models/$place
COPY bentos/$place /opt/store/bentos/$place
RUN mkdir -p /opt/store/tmp /opt/store/envs && chmod -R a+rX /opt/store
ENV PATH=/opt/tatara/bin:$${PATH} \\
    PYTHONPATH=/opt/store/bentos/$place/src \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PYTHONUNBUFFERED=1 \\
    BENTOML_HOME=/opt/store \\
    BENTOML_DO_NOT_TRACK=True \\
    BENTOML_RESULT_STORE=:memory: \\
    ORT_DISABLE_TELEMETRY=1 \\
    HOME=/tmp
WORKDIR /opt/store/bentos/$place/src
USER $user:$user
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \\
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:3000/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bentoml", "serve", "$tag", "--host", "0.0.0.0", "--port", "3000"]
""")


def write(bento: Path, tag: str) -> None:
    """Put the container file into the Bento's folder, and beside it what the build may see of the store.

    Args:
        bento: the Bento's folder.
        tag: of the Bento and of its model, ``NAME:VERSION``.
    """
    name, _, version = tag.partition(":")
    place, python = f"{name}/{version}", f"{sys.version_info.major}.{sys.version_info.minor}"
    write_text(bento / FILE, _TEMPLATE.substitute(place=place, tag=tag, python=python, user=USER))
    write_text(bento / f"{FILE}.dockerignore", f"*\n!bentos/{place}\n!models/{place}\n")
