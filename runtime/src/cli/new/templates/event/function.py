#!/usr/bin/env python3
"""Gets events of type {{type}}: each is a POST with its attributes as ce-* headers and its data as the body.

hydrant send {{type}} '{"name":"Ada"}' --wait
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


def handle(event, data):
    """What is to be done. Gives the data of a reply, or None. ValueError: of no use, a dead letter at once; any other
    exception: it is tried again."""
    print(event["type"], event["id"], "from", event["source"], flush=True)  # goes to the log
    return {"hello": json.loads(data)["name"]}


class Function(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        event = {name[3:].lower(): unquote(value) for name, value in self.headers.items() if name.lower().startswith("ce-")}
        try:
            reply = handle(event, data)
        except (ValueError, LookupError) as error:
            return self.answer(400, str(error).encode())
        except Exception as error:
            return self.answer(500, str(error).encode())
        if reply is None:
            return self.answer(204)
        attributes = {"ce-specversion": "1.0", "ce-source": "functions/{{name}}", "ce-type": "{{type}}.reply"}
        self.answer(200, json.dumps(reply).encode(), {**attributes, "content-type": "application/json"})

    def answer(self, status, body=b"", headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 8080))), Function).serve_forever()
