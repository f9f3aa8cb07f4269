"""Optimiser, loop and losses: functions of an iterator of examples."""
