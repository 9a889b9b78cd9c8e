"""Training with Keras: batches, networks, losses, fitting, and the export to a bundle."""
