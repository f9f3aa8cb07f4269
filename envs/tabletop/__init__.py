"""The embedded tabletop suite: catalogue, scenes, tasks, physics, oracle."""
