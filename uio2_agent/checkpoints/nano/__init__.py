"""The small agent that comes with the package; its card is README.md."""
