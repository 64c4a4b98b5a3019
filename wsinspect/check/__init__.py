"""An active check of an endpoint: does the upgrade arrive, do pongs come, who cuts idle?"""
