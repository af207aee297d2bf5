"""What the service counts, for Prometheus."""

import os

# BentoML sets this for several workers and empties the shared folder whenever another server starts; one worker
# counts in memory.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
REQUESTS = Counter("tatara_requests", "Requests answered.", ["path", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "tatara_request_seconds",
    "From the first byte of a request to the last of its answer.",
    ["path"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
    registry=REGISTRY,
)
EXAMPLES = Counter("tatara_examples", "Files answered.", registry=REGISTRY)
BATCH = Histogram(
    "tatara_batch_size", "Examples in one call of the model.", buckets=(1, 2, 4, 8, 16, 32, 64), registry=REGISTRY
)
STAGE = Histogram(
    "tatara_stage_seconds",
    "Of one example: waiting for a thread or a batch (queue), decoding and preparing, inference, postprocessing.",
    ["stage"],
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=REGISTRY,
)
QUEUE, DECODE, INFERENCE, POSTPROCESSING = (
    STAGE.labels(stage) for stage in ("queue", "decode", "inference", "postprocessing")
)
REFUSALS = Counter("tatara_refusals", "Requests refused, by the rule that refused them.", ["rule"], registry=REGISTRY)
IN_FLIGHT = Gauge("tatara_requests_in_flight", "Requests being answered.", registry=REGISTRY)
READY = Gauge("tatara_ready", "1 when the golden cases have passed.", registry=REGISTRY)
MODEL = Gauge(
    "tatara_model_info",
    "A version that answers, and what it runs on; always 1.",
    ["name", "version", "lineage", "provider"],
    registry=REGISTRY,
)
JOURNAL_DROPPED = Counter(
    "tatara_journal_dropped", "Rows of the prediction log that could not be written.", registry=REGISTRY
)
