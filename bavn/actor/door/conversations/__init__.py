"""What the centre and an actor's people say to each other at the door, one file each."""
