"""The dashboard's shell in layers: base (panes, drawing) <- moving <- asking <- acting <- `app`."""
