#!/usr/bin/env node
// Answers calls of {{name}}, with any method and path below /fn/{{name}}: an HTTP server, and nothing else.
//   hydrant invoke {{name}} Ada

import { createServer } from "node:http";

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const data = Buffer.concat(chunks).toString() || "world";
  response.writeHead(200, { "content-type": "text/plain" }).end(`Hello, ${data}\n`);
}

createServer(answer).listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
