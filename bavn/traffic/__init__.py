"""Made traffic, harmless and labelled: flows, packets and records of conversations that never took place."""
