#!/usr/bin/env node
// Gets events of type {{type}}: each is a POST with its attributes as ce-* headers and its data as the body.
//   hydrant send {{type}} '{"name":"Ada"}' --wait

import { createServer } from "node:http";

// What is to be done. Gives the data of a reply, or nothing. A SyntaxError, as of JSON: of no use, a dead letter at once;
// anything else that is thrown: it is tried again.
async function handle(event, data) {
  console.log(`${event.type} ${event.id} from ${event.source}`); // goes to the log
  return { hello: JSON.parse(data).name };
}

function attributes(headers) {
  const own = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(3), decodeURIComponent(value)]));
}

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const reply = await handle(attributes(request.headers), Buffer.concat(chunks));
    if (reply === undefined) return response.writeHead(204).end();
    const event = { "ce-specversion": "1.0", "ce-source": "functions/{{name}}", "ce-type": "{{type}}.reply" };
    response.writeHead(200, { ...event, "content-type": "application/json" }).end(JSON.stringify(reply));
  } catch (error) {
    response.writeHead(error instanceof SyntaxError ? 400 : 500).end(String(error));
  }
}

createServer(answer).listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
