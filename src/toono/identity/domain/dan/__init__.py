"""The dialect of ДАН (sso.gov.mn): OAuth 2.0 whose scope is a list of ХУР operations, and whose answer is what they gave. So that its clients change a host name and nothing else."""
