"""Records of requests: their events, the SQLite file that keeps them, and what is computed from it.

**Load model.** One developer's machine: up to 64 streams at a time, a million rows in the file, a few processes that
share it. The event loop writes nothing: events wait in a queue, and one writer thread for each process takes what has
come every 30 ms and writes it in one transaction, finished requests first, many rows to a statement. Rows are batched
because each statement releases the interpreter's lock and waits for it again beside a busy event loop; the interval is
about what a killed process may lose. Bodies follow the rows, in slices of 0.3 ms, because to redact and to compress
them is the longer work and they can wait. What waits is bounded (events, bytes, requests), and what does not fit is
counted as lost. Totals have tables of their own, so that a page over a million rows does not read them all. Designs for
more load than this are out of scope; decision 012 has the figures.
"""
