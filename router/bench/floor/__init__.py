"""A call center at work, for benchmarks: stores, server processes, agents and people on sockets.

company.py starts and fills it, crew.py is a load process, crews.py leads those from the bench.
"""
