"""Sealed processes: what a method's own process can see, use and leave behind.

Modules of this room that run inside such a process before it is sealed import nothing but the
standard library.
"""
