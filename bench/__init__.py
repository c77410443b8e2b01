"""How fast is it? `python -m bench` measures, says what was promised, and writes docs/explanation/speed.md and
speed-of-shipping.md.

What a promise compares stands in one `Contest`: its contenders run in turn, slice by slice, in one pyperf worker
process, so that whatever slows the machine meanwhile slows both.

    event       the event, its schemas, the floor's capsules
    subjects    what can be measured: a subject does its work n times, and says where its lines are
    ours        EventLog in all its uses          peers       the others of PyPI
    floor       one orjson.dumps, one os.write    many        threads and processes
    startup     fresh interpreters                query       a million events against DuckDB's own reader
    contests    who runs against whom             worker      one contest, in one pyperf worker
    rounds      all contests, round after round   memory      what stays allocated
    rows        promise, figure, reached or not   page, plot  docs/explanation/speed.md
    runs        the two parts, from first to last markdown    what both pages have

    Of shipping:

    calls       single calls beside a shipper     listener    a web server that keeps nothing
    carriage    a whole shipper, a library's loop destinations where to
    reading     many events, and a tenth of them  waiting     a shipper's memory
    shipping_promises                             shipping_page
"""
