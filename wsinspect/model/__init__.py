"""A connection's state and totals, the events, and their JSON form."""
