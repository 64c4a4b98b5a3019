"""Autobahn's cases, run direct and through a proxy, compared case by case."""
