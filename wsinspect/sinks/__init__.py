"""Where events go: the hub, the JSON log, the dashboard's socket."""
