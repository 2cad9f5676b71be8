"""Sources: whatever sees the network -> records. One file a source."""
