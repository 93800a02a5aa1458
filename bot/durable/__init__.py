"""Work that survives: workflows, jobs, signals, and what becomes of the work of a process that is gone."""
