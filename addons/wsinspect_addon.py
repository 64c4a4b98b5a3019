"""What ``mitmdump -s`` loads.

``mitmdump -s addons/wsinspect_addon.py --set wsinspect_log=out.jsonl``

Needs wsinspect in mitmproxy's Python environment. Everything lives in the package: this file can
be reloaded, classes in it could not.
"""

from wsinspect.proxy.addon import Inspector

addons = [Inspector()]
