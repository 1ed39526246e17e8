#!/usr/bin/env node
// Answers every HTTP request with one line: `hello from node`, and the event's type when it is a CloudEvent.

const { createServer } = require("node:http");

const server = createServer((request, response) => {
  request.resume(); // the body is not of interest, and has to be read all the same
  const event = request.headers["ce-type"];
  response.setHeader("content-type", "text/plain");
  response.end(event ? `hello from node: ${event}\n` : "hello from node\n");
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
