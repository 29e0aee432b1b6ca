"""Prints what httpx-sse hears, one event a line as JSON: its name, its id, its data.

python3 httpx_sse_listen.py URL; it comes back with its last id for as long as it runs.
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

url = sys.argv[1]
last = ""
while True:
    fields = {"Last-Event-ID": last} if last else {}
    try:
        with httpx.Client(timeout=60) as client:
            with connect_sse(client, "GET", url, headers=fields) as source:
                for event in source.iter_sse():
                    last = event.id or last
                    # It takes the line that says how soon to come back for an event, without data.
                    if event.data and event.event not in ("beat", "progress"):
                        told = [event.event, last, json.loads(event.data)]
                        print(json.dumps(told), flush=True)
    except httpx.TransportError:
        time.sleep(0.05)
