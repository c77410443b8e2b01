"""The page `/telemetry` of the Jupyter Server extension: what is recorded about its user, in plain words.

handlers (the addresses, and who may ask for them) → backend (what they answer) → wording (in whose words), recent
(the last events as they were written); owner (whose server it is). static/ is what the browser gets. Importing the
package imports nothing of Jupyter Server; handlers does.
"""
