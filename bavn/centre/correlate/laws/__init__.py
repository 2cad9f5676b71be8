"""What reports are worth, and what newness is: tables fitted on captures, and what is measured each day."""
