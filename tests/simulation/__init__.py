"""The output's protocol against a simulated store: seeded schedules, a fake clock, faults, two drivers.

python -m tests.simulation --schedules 100000 [--seed 0] [--jobs 2]
"""
