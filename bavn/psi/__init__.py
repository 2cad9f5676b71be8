"""The private join: elements, shares, reconstruction, receipts. Pure: no I/O, no clock, no dice of its own.

Importing it compiles nothing; large reconstructions load bavn.psi.kernels by themselves.
"""
