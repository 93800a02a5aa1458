"""`make bench`: words and minutes beside whole-file transcription, in one run, as a page with tables and plots."""
