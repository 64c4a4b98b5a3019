"""What the dashboard knows. No Textual, no Rich: lines in, a picture of the traffic out."""
