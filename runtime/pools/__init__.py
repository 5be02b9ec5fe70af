"""Pools: warm workers that run tasks, behind the standard library's `Executor` interface."""
