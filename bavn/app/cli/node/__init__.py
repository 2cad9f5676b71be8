"""`bavn node`: one actor's own node."""
