"""The driver's house: config, sources, plan, runners, ledger, publish, verify."""
