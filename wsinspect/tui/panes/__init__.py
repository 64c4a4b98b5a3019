"""The widgets, one a file. They draw what the data says, and post what the user did."""
