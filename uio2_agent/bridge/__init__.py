"""What leaves this process: messages between it and simulators, policy servers and robots."""
