"""Other ways to serve the same two ONNX graphs, each as its own documentation shows it."""
