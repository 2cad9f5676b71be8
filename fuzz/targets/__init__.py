"""One file a family of targets: each has TARGETS, and is found by its being here."""
