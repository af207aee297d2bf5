"""Webhooks: what happens to a version is told to endpoints that an admin named, in the form of Standard Webhooks."""
