"""One file for each section of a document: facts -> section."""
