"""Imports: conversations that were held elsewhere, written in bulk where they belong in time.

A reader turns a file into topics, persons and messages, or faults with their line
numbers. All of it goes through a spool on disk, so that replies find what they
answer and threads are written in order, whatever the order and size of the file.
A message's id follows from its source and moment: the same file twice adds
nothing, and an import that was stopped goes on where it was. Nothing is
announced: what was said years ago is no news.
"""
