"""Stories of the people who use Greffier, on the real servers."""
