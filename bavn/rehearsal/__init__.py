"""A throwaway sector in one process on one clock, with real nodes and a real centre: for trials and tests."""
