/* Answers calls of {{name}}, with any method and path below /fn/{{name}}: an HTTP server, and nothing else.
 *
 *     hydrant invoke {{name}} Ada
 *
 * It reads one request of a connection, of at most 64 KiB, and closes it. Take a library for more. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int caller, const char *status, const char *hello, const char *data) {
    dprintf(caller, "HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n%s%s\n",
            status, strlen(hello) + strlen(data) + 1, hello, data);
}

static void serve(int caller) {
    char request[65536];
    size_t held = 0, wanted = 0;
    char *body = NULL;
    while (body == NULL || held < (size_t)(body - request) + wanted) {
        ssize_t more = read(caller, request + held, sizeof request - 1 - held);
        if (more <= 0) {
            answer(caller, "400 Bad Request", "no whole request", "");
            return;
        }
        request[held += (size_t)more] = 0;
        if (body == NULL && (body = strstr(request, "\r\n\r\n")) != NULL) {
            *body = 0; /* so that headers are looked for before the body only */
            body += 4;
            for (char *line = request; line != NULL; line = strstr(line, "\r\n")) {
                line += strspn(line, "\r\n");
                if (strncasecmp(line, "content-length:", 15) == 0) wanted = strtoul(line + 15, NULL, 10);
                if (strncasecmp(line, "transfer-encoding:", 18) == 0) {
                    answer(caller, "411 Length Required", "say how long the body is", "");
                    return;
                }
            }
        }
    }
    answer(caller, "200 OK", "Hello, ", wanted > 0 ? body : "world");
}

int main(void) {
    const char *port = getenv("PORT");
    int on = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "8080"))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&at, sizeof at) != 0 || listen(door, 128) != 0) {
        perror("cannot listen");
        return 1;
    }
    for (;;) {
        int caller = accept(door, NULL, NULL);
        if (caller < 0) continue;
        serve(caller);
        close(caller);
    }
}
