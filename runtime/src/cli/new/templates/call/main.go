// Answers calls of {{name}}, with any method and path below /fn/{{name}}: an HTTP server, and nothing else.
//
//	hydrant invoke {{name}} Ada
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func answer(response http.ResponseWriter, request *http.Request) {
	data, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	if len(data) == 0 {
		data = []byte("world")
	}
	fmt.Fprintf(response, "Hello, %s\n", data)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(answer)))
}
