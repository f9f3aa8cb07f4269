"""Everything that acts: the unified model as a policy, its codecs, and baselines."""

if __name__ != "uio2_agent.policies":
    raise ImportError(f"import this room as uio2_agent.policies, not as {__name__}")
