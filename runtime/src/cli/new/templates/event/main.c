/* Gets events of type {{type}}, a process each: the data on stdin, the attributes as CE_ID, CE_TYPE, CE_SOURCE, CE_SUBJECT
 * and so on.
 *
 *     hydrant send {{type}} '{"name":"Ada"}' --wait
 *
 * Exit code 0: done. 65: of no use, a dead letter at once. Anything else, a signal too: it is tried again. */

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char chunk[4096];
    size_t bytes = 0, read;
    while ((read = fread(chunk, 1, sizeof chunk, stdin)) > 0) bytes += read;
    fprintf(stderr, "%s %s from %s\n", getenv("CE_TYPE"), getenv("CE_ID"), getenv("CE_SOURCE")); /* goes to the log */
    if (bytes == 0) {
        fprintf(stderr, "there is no data\n");
        return 65;
    }
    /* What is printed is the reply, an event itself; print nothing, and there is none. What came from outside may hold
     * quotes: only a number of it goes into this JSON. */
    printf("{\"specversion\": \"1.0\", \"source\": \"functions/{{name}}\", \"type\": \"{{type}}.reply\",\n"
           " \"data\": {\"bytes\": %zu}}\n", bytes);
    return 0;
}
