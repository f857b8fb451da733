"""Follows /sync?deflate=1 with a client that no one here wrote; prints each text, for comparison with plain frames."""

import sys

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

url, last = sys.argv[1], int(sys.argv[2])
offer = ClientPerMessageDeflateFactory(client_max_window_bits=True)
with connect(url, extensions=[offer], compression=None, max_size=None) as socket:
    assert [extension.name for extension in socket.protocol.extensions] == ["permessage-deflate"], "not agreed on"
    # What it sends is compressed as well.
    socket.send("ping")
    while True:
        text = socket.recv()
        print(text, flush=True)
        if f'"seq":{last},' in text:
            break
# A whole close handshake.
assert socket.protocol.close_code == 1000, socket.protocol.close_code
