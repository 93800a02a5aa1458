"""Utterances to words: packed windows, the engines behind one port, and what they make up taken out."""
