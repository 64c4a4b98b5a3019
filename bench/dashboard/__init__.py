"""What the dashboard costs: the real program on a real pseudo-terminal, fed by the real hub."""
