#!/usr/bin/env node
// hydrant: protocol = "stdio", concurrency = 10, on = { type = "demo.shouted" }
//
// Up to ten events are on their way to it at a time; the answers stay in the order of the events.
const lines = require("node:readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
  const event = JSON.parse(line);
  console.error(`from afar: ${event.data}`); // console.log would be an answer
  process.stdout.write("{}\n");
});
