"""Uploads a file by tuspy: pauses after a third, goes on with a new uploader, and ends.

python3 tuspy_upload.py ENDPOINT FILE
"""

import os
import sys

from tusclient.client import TusClient

endpoint, path = sys.argv[1:]
client = TusClient(endpoint)
settings = {
    "chunk_size": 1 << 20,
    "retries": 1000,
    "retry_delay": 0,
    "metadata": {"filename": os.path.basename(path)},
}
first = client.uploader(path, **settings)
while first.offset < os.path.getsize(path) // 3:
    first.upload_chunk()
client.uploader(path, url=first.url, **settings).upload()
