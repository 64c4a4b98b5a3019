"""The tabs of the detail: data -> lines, one module a tab. Pure; Rich's Segments only."""
