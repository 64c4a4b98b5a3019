"""Why did it end, and who ended it? From the log's events alone: live, in a report, anywhere."""
