"""The review in a browser and over HTTP: pages and an API above `registry.review`, and nothing deeper."""
