"""What every long-lived process of Bavn stands on: exits, bounds, failures, files, memory."""
