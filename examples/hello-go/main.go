// Answers every HTTP request with one line: `hello from go`, and the event's type when it is a CloudEvent.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(hello)))
}

func hello(response http.ResponseWriter, request *http.Request) {
	if event := request.Header.Get("ce-type"); event != "" {
		fmt.Fprintf(response, "hello from go: %s\n", event)
		return
	}
	fmt.Fprintln(response, "hello from go")
}
