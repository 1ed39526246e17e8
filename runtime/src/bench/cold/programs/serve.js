const answer = (request, response) => { request.resume(); response.end("ok\n"); };
const activated = process.argv[2] === "fd";
require("http").createServer(answer).listen(activated ? { fd: 3 } : Number(process.env.PORT));
