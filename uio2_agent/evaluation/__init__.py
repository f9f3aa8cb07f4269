"""Playing episodes and measuring them; receives callables, imports no environment and no policy."""
