"""What training and serving share. Nothing here imports TensorFlow, Keras or MLflow."""
