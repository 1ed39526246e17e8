#!/usr/bin/env python3
"""Answers calls of {{name}}, with any method and path below /fn/{{name}}: an HTTP server, and nothing else.

hydrant invoke {{name}} Ada
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Function(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b"Hello, " + (data or b"world") + b"\n"
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 8080))), Function).serve_forever()
