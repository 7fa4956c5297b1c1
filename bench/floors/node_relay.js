// A relay in another language: node's own server and client, bytes passed on as each read brings them.
// Run as: node node_relay.js PORT UPSTREAM
const http = require("http");

const [port, upstream] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });

function relay(request, response) {
  const { host, connection, ...headers } = request.headers;
  const asked = { host: "127.0.0.1", port: upstream, path: request.url, method: request.method, headers, agent };
  const outgoing = http.request(asked, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  outgoing.on("error", (fault) => response.destroy(fault));
  request.pipe(outgoing);
}

http.createServer(relay).listen(port, "127.0.0.1");
