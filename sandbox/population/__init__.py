"""The population register: 20,000 invented citizens, the same ones on every machine."""
