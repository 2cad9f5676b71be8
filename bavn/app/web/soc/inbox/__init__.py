"""Today's inbox, in the console of an actor's own SOC."""
