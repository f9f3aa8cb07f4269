"""The small agent that walks; its card is README.md."""
