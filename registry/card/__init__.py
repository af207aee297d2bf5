"""The model card of a version: generated from its run's records, but for the prose that people write."""
