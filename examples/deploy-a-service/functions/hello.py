#!/usr/bin/env python3
"""Greets whoever the path names. Listens on $PORT, and knows nothing of hydrant."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        greeting = os.environ.get("GREETING", "Hi")
        name = self.path.strip("/") or "world"
        body = f"{greeting}, {name}!\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(os.environ.get("PORT", 8080))
ThreadingHTTPServer(("127.0.0.1", port), Hello).serve_forever()
