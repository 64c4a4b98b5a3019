"""What ``mitmdump -s`` loads.

``mitmdump -s addons/wsinspect_addon.py --set wsinspect_log=out.jsonl``

Needs wsinspect in mitmproxy's Python environment. Everything lives in the package: this file can
be reloaded, classes in it could not.
"""

try:
    from wsinspect.proxy.addon import Inspector
except (ImportError, AttributeError) as error:
    # mitmdump would listen for a moment without it, or go on after a reload: uninspected.
    raise SystemExit(
        f"wsinspect is not installed here, or not for this mitmproxy: {error}"
    ) from error

addons = [Inspector()]
