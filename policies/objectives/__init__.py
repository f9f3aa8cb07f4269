"""From an episode to a training example."""
