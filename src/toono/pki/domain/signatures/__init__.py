"""Signature formats of ETSI: CAdES, PAdES, XAdES, ASiC-E, JAdES. Written here, judged by others (tests/conformance/pki)."""
