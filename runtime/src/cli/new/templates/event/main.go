// Gets events of type {{type}}: each is a POST with its attributes as ce-* headers and its data as the body.
//
//	hydrant send {{type}} '{"name":"Ada"}' --wait
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
)

// An event of no use is a dead letter at once; with any other error it is tried again.
var errNoUse = errors.New("of no use")

type reply struct {
	Hello string `json:"hello"`
}

// handle is what is to be done. It gives the data of a reply, or nil.
func handle(event func(attribute string) string, data []byte) (*reply, error) {
	log.Println(event("type"), event("id"), "from", event("source")) // goes to the log
	var who struct{ Name string }
	if err := json.Unmarshal(data, &who); err != nil {
		return nil, fmt.Errorf("%w: %v", errNoUse, err)
	}
	return &reply{who.Name}, nil
}

func answer(response http.ResponseWriter, request *http.Request) {
	data, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	attribute := func(name string) string {
		text, err := url.PathUnescape(request.Header.Get("ce-" + name))
		if err != nil {
			return request.Header.Get("ce-" + name)
		}
		return text
	}
	given, err := handle(attribute, data)
	switch {
	case errors.Is(err, errNoUse):
		http.Error(response, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(response, err.Error(), http.StatusInternalServerError)
	case given == nil:
		response.WriteHeader(http.StatusNoContent)
	default:
		response.Header().Set("ce-specversion", "1.0")
		response.Header().Set("ce-source", "functions/{{name}}")
		response.Header().Set("ce-type", "{{type}}.reply")
		response.Header().Set("content-type", "application/json")
		json.NewEncoder(response).Encode(given)
	}
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(answer)))
}
