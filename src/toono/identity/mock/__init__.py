"""``toono identity mock``: the OpenID Provider and ДАН on one's own machine, for developers of other systems.

The same protocol functions as on the platform, over memory, with made-up persons. No database, no other process, no Django; everything
is gone at the end. And a check of the developer's client: what it does when it is answered wrongly.
"""
