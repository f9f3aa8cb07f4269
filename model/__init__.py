"""Unified-IO 2 and how it learns; knows no environment."""

if __name__ != "uio2_agent.model":
    raise ImportError(f"import this room as uio2_agent.model, not as {__name__}")
