"""Where sound and transcripts lie: the spool that recorders write, a bucket that machines share, the archive."""
