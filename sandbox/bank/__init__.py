"""A bank: invoices over HTTP, a page on which a person pays, signed notices."""
