"""The filter patterns of CloudWatch Logs: which log events somebody wants to see.

::

    (empty)                      every event
    ERROR "not found" -debug     all terms, none of those with a minus
    ?ERROR ?WARN                 any of these; beside other terms they count for nothing, as AWS has it
    { $.a.b = "x*" && $.n > 5 }  events that are JSON
    [ip, user, ..., code = 4*]   events of words between spaces; what stands in quotes or brackets is one word

Rules:
 - Case counts. A term is found anywhere in an event, inside a word as well.
 - ``*`` in a value is any run of characters; there is no other wildcard. Expressions between percent signs are
   refused.
 - A pattern costs at most its length times that of the event, and nothing recurses deeper than a pattern may nest.

This package does no I/O. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""
