"""The command line: one short file per thing a person does; joins envs, policies and model."""

if __name__ != "uio2_agent.launch":
    raise ImportError(f"import this room as uio2_agent.launch, not as {__name__}")
