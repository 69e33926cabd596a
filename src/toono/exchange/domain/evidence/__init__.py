"""Evidence in X-Road's form: hash chains, XAdES signatures, ASiC-E containers, archives, and their verification. Pure."""
