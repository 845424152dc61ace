"""What is on disk: generations, the catalog and the vector cache."""
