"""Unified-IO 2 as a Gymnasium-compatible policy: the words every room shares.

The core imports neither torch nor a simulator. The rooms beside it are `uio2_agent.envs`,
`uio2_agent.policies`, `uio2_agent.model` and `uio2_agent.launch`.
"""

__version__ = "0.4.0"
