"""The revisions, each as it was when it was written: they do not follow the tables that the code knows today."""
