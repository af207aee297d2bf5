"""Where a training step's time goes, in words and a picture."""
