"""`bavn node hunt`: an analyst's own questions to the node's history."""
