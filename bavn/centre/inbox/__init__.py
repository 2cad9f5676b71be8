"""The way in to the centre (gate 2): is it them, well-formed, new, within quota, plausible. It judges no content."""
