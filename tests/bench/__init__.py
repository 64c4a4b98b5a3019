"""The benchmark harness itself: legal loads, honest ratios, invalid runs refused."""
