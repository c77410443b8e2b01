"""The page `/telemetry` of the Jupyter Server extension: what is recorded about its user, in plain words.

handlers (the addresses, and who may ask for them) → backend (what they answer) → recent (the last events as they were
written). static/ is what the browser gets. Importing the package imports nothing of Jupyter Server; handlers does.
"""
