"""Files of rows: written once, merged, found damaged, taken out."""
