"""What several tests share. Knows no test."""
