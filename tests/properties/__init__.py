"""Generated requests at every endpoint that a stranger can reach: whatever comes, it is answered or refused in the protocol's own words.

Each example begins as a VALID request (a real client, a real signature, a real code, fresh from the database) and is then spoilt in up to three places, so that
the last check of an endpoint is reached as often as the first. The whole application answers in this process (``wire``), with the stage's own PostgreSQL and signer.

=====================  =====================================================================================
``drafts``             a request as a tree of parts, some of them signed or encoded only when it is sent
``mutations``          what can be done to a part, and to a request
``wire``               sends it: through the WSGI application in this process, and as a ``curl`` line for people
``checks``             what must be true of every answer
``cast``               the clients, persons and tokens of the valid requests
``openid``, ``dan``    the endpoints of identity
``lean``               the same endpoints as the plane for machines answers them, which must be as the portal does
``pages``              forms of the pages of signing in
``console``            identity's console, for an administrator and for support
``keepers``            the same for a representative, who sees nothing of another organisation
``trust``              the endpoints of pki: OCSP, time-stamps, ACME, CSC, Smart-ID, validation
=====================  =====================================================================================

``PROPERTY_EXAMPLES`` says how many for each endpoint (``make properties``: 10,000; else 25), ``PROPERTY_SEED`` which ones, and ``PROPERTY_REPORT`` names a
file for the figures of each endpoint: requests, seconds, how many different answers, faults. A fault is told with the mutations that led to it and as a ``curl``
line. About five milliseconds of processor time for a request; two processes of pytest (``-n 2``) halve the time, each on a stage of its own.
"""
