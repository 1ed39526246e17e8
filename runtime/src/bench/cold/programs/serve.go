package main

import (
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") })
	if len(os.Args) > 1 && os.Args[1] == "fd" {
		listener, err := net.FileListener(os.NewFile(3, "listener"))
		if err != nil {
			panic(err)
		}
		panic(http.Serve(listener, nil))
	}
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
