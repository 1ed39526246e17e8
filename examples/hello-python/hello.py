#!/usr/bin/env python3
"""Answers every HTTP request with one line: `hello from python`, and the event's type when it is a CloudEvent."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        event = self.headers.get("ce-type")
        body = (f"hello from python: {event}\n" if event else "hello from python\n").encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer


port = int(os.environ.get("PORT", 8080))
ThreadingHTTPServer(("127.0.0.1", port), Hello).serve_forever()
