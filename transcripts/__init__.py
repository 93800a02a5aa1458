"""Sound to words: the spool, voice activity, packing, recognition, turns and their rendering."""
