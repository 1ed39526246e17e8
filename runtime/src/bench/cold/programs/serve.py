import os, socket, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
    def log_message(self, *_): pass

activated = sys.argv[1:] == ["fd"]
server = HTTPServer(("127.0.0.1", 0 if activated else int(os.environ["PORT"])), Handler, not activated)
if activated:
    server.socket.close()
    server.socket = socket.socket(fileno=3)
server.serve_forever()
