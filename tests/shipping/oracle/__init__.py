"""An oracle: it knows of every event whose call returned, while everything is killed, cut and filled, as a seed says.

Its rooms: `plan` plays what a seed says; `programs` are what is recorded, shipped, erased and compacted by, and killed;
`destinations` and `own` are what is shipped to, each a class in `destinations.DESTINATIONS`; `network` and `disk` fail
as they are told; `verdict` compares what was told with what is anywhere; `seeds` are those that tests play.

`python -m tests.shipping.oracle 17 30-40` plays these plans once more.
"""
